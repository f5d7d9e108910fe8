//! Photos: made small and stripped of everything but the picture, and shown, as signatures are.
//!
//! Drawing a picture anew leaves out whatever else the camera wrote into it, the place above all.

use js_sys::{Object, Promise, Reflect, Uint8Array};
use shouwen_domain::limits;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, ImageBitmap};

/// The longest side, in pixels, tried in this order until the photo is small enough.
const SIDES: [u32; 5] = [1_600, 1_280, 1_024, 800, 640];
const QUALITIES: [f64; 3] = [0.82, 0.7, 0.55];
const JPEG: &str = "image/jpeg";
pub const PNG: &str = "image/png";
/// With which every PNG begins.
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Why there is no photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhotoError {
    /// The browser cannot read it as a picture.
    Unreadable,
    /// However small it is made, it is too large to store.
    TooLarge,
}

#[wasm_bindgen]
extern "C" {
    /// With options, which `web_sys` takes only for pictures that are cut.
    #[wasm_bindgen(catch, js_name = createImageBitmap)]
    fn create_image_bitmap(source: &Blob, options: &JsValue) -> Result<Promise, JsValue>;
}

/// The picture as a JPEG of at most [`limits::FILE_BYTES`], upright.
pub async fn shrink(picture: &Blob) -> Result<Vec<u8>, PhotoError> {
    let unreadable = |_: JsValue| PhotoError::Unreadable;
    let options = Object::new();
    Reflect::set(&options, &"imageOrientation".into(), &"from-image".into()).map_err(unreadable)?;
    let bitmap = create_image_bitmap(picture, &options).map_err(unreadable)?;
    let bitmap: ImageBitmap = JsFuture::from(bitmap)
        .await
        .map_err(unreadable)?
        .unchecked_into();
    let shrunk = shrink_bitmap(&bitmap).await;
    bitmap.close();
    shrunk
}

async fn shrink_bitmap(bitmap: &ImageBitmap) -> Result<Vec<u8>, PhotoError> {
    let longest = bitmap.width().max(bitmap.height());
    let mut last = 0;
    for side in SIDES.map(|it| it.min(longest)) {
        if side == last {
            continue;
        }
        last = side;
        let canvas = draw(bitmap, side).ok_or(PhotoError::Unreadable)?;
        for quality in QUALITIES {
            let bytes = encode(&canvas, JPEG, quality)
                .await
                .ok_or(PhotoError::Unreadable)?;
            if bytes.len() <= limits::FILE_BYTES {
                return Ok(bytes);
            }
        }
    }
    Err(PhotoError::TooLarge)
}

fn draw(bitmap: &ImageBitmap, longest: u32) -> Option<HtmlCanvasElement> {
    let scale = f64::from(longest) / f64::from(bitmap.width().max(bitmap.height()));
    let (width, height) = (
        (f64::from(bitmap.width()) * scale).round().max(1.0),
        (f64::from(bitmap.height()) * scale).round().max(1.0),
    );
    let canvas: HtmlCanvasElement = super::document()
        .create_element("canvas")
        .ok()?
        .unchecked_into();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a side of some hundred pixels"
    )]
    let size = (width as u32, height as u32);
    canvas.set_width(size.0);
    canvas.set_height(size.1);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.unchecked_into();
    // What is transparent would come out black.
    context.set_fill_style_str("#fff");
    context.fill_rect(0.0, 0.0, width, height);
    context
        .draw_image_with_image_bitmap_and_dw_and_dh(bitmap, 0.0, 0.0, width, height)
        .ok()?;
    Some(canvas)
}

/// What is on the canvas, as a picture in this format.
pub async fn encode(canvas: &HtmlCanvasElement, format: &str, quality: f64) -> Option<Vec<u8>> {
    let blob = Promise::new(&mut |resolve, reject| {
        let asked = canvas.to_blob_with_type_and_encoder_options(&resolve, format, &quality.into());
        if let Err(error) = asked {
            let _ = reject.call1(&JsValue::UNDEFINED, &error);
        }
    });
    // Null where the canvas is too large for the browser.
    let blob: Blob = JsFuture::from(blob).await.ok()?.dyn_into().ok()?;
    let bytes = JsFuture::from(blob.array_buffer()).await.ok()?;
    Some(Uint8Array::new(&bytes).to_vec())
}

/// Where the page finds a picture that is in memory; let go of when dropped.
#[derive(Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let options = web_sys::BlobPropertyBag::new();
        options.set_type(if bytes.starts_with(PNG_SIGNATURE) {
            PNG
        } else {
            JPEG
        });
        let parts = js_sys::Array::of1(&Uint8Array::from(bytes));
        let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()?;
        web_sys::Url::create_object_url_with_blob(&blob)
            .ok()
            .map(Self)
    }

    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        let _ = web_sys::Url::revoke_object_url(&self.0);
    }
}

/// How many bytes the browser would still let this app store; none where it does not say.
pub async fn free_bytes() -> Option<u64> {
    let estimate = super::window().navigator().storage().estimate().ok()?;
    let estimate = JsFuture::from(estimate).await.ok()?;
    let number = |name: &str| {
        Reflect::get(&estimate, &name.into())
            .ok()
            .and_then(|it| it.as_f64())
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "never negative, whole bytes"
    )]
    Some((number("quota")? - number("usage")?).max(0.0) as u64)
}
