//! What a finger draws: kept as points, so that it is drawn anew at any size, and made a small picture.

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, PointerEvent};

use super::photo::{PNG, encode};

const INK: &str = "#000";
const PAPER: &str = "#fff";
/// How thick, however hard a finger presses: most screens cannot tell.
const LINE: f64 = 3.5;
/// Of a picture's longest side, at least: what was written large is legible in a small frame.
const LINE_OF_PICTURE: f64 = 1.0 / 120.0;
/// What is shorter is a slip of the finger and no signature.
const SHORTEST: f64 = 40.0;
/// Left free around what was drawn.
const MARGIN: f64 = 12.0;
/// The longest side of a picture, in pixels, tried in this order until it is small enough.
const SIDES: [f64; 6] = [900.0, 760.0, 640.0, 520.0, 420.0, 300.0];
/// Pixels of a picture for one on the pad, at most.
const ENLARGED: f64 = 3.0;
const SMALL_BYTES: usize = 40 * 1024;

#[wasm_bindgen]
extern "C" {
    /// A pointer event whose place has its fractions, which `web_sys` cuts off.
    #[wasm_bindgen(extends = PointerEvent)]
    type Touch;

    #[wasm_bindgen(method, getter, js_name = clientX)]
    fn x(this: &Touch) -> f64;

    #[wasm_bindgen(method, getter, js_name = clientY)]
    fn y(this: &Touch) -> f64;

    /// Older browsers have none.
    #[wasm_bindgen(method, catch, js_name = getCoalescedEvents)]
    fn coalesced(this: &Touch) -> Result<Array, JsValue>;
}

/// On the pad, from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    x: f64,
    y: f64,
}

impl Point {
    const fn half_way(self, to: Self) -> Self {
        Self {
            x: f64::midpoint(self.x, to.x),
            y: f64::midpoint(self.y, to.y),
        }
    }
}

/// Where a pointer went since its last event, all that the screen noticed.
pub fn points(event: &PointerEvent, pad: &HtmlCanvasElement) -> Vec<Point> {
    let corner = pad.get_bounding_client_rect();
    let point = |it: &Touch| Point {
        x: it.x() - corner.left(),
        y: it.y() - corner.top(),
    };
    let event: &Touch = event.unchecked_ref();
    let between = event.coalesced().unwrap_or_default();
    if between.length() == 0 {
        return vec![point(event)];
    }
    between.iter().map(|it| point(it.unchecked_ref())).collect()
}

/// Strokes, each from where the finger came down to where it left.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ink(Vec<Vec<Point>>);

/// What the strokes take up.
#[derive(Clone, Copy)]
struct Bounds {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Ink {
    /// The finger came down.
    pub fn begin(&mut self, at: Point) {
        self.0.push(vec![at]);
    }

    /// The finger went on; drawn as far as its way is known.
    pub fn go_on(&mut self, to: Point, pad: &HtmlCanvasElement) {
        let Some(stroke) = self.0.last_mut() else {
            return;
        };
        stroke.push(to);
        if let Some(context) = context(pad) {
            set_pen(&context, LINE);
            trace(&context, stroke, stroke.len() - 1);
        }
    }

    /// More than a slip of the finger.
    pub fn is_drawn(&self) -> bool {
        let ways = self.0.iter().flat_map(|it| it.windows(2));
        let length: f64 = ways
            .map(|it| (it[1].x - it[0].x).hypot(it[1].y - it[0].y))
            .sum();
        length >= SHORTEST
    }

    /// Draws everything anew, in as many pixels as the pad has on this screen. What was drawn on a larger pad is
    /// made to fit: a tablet may be turned meanwhile.
    pub fn draw(&mut self, pad: &HtmlCanvasElement) {
        let size = [pad.client_width(), pad.client_height()].map(f64::from);
        let fitting = self.bounds().map_or(1.0, |it| {
            ((size[0] - MARGIN) / it.right).min((size[1] - MARGIN) / it.bottom)
        });
        if fitting > 0.0 && fitting < 1.0 {
            for it in self.0.iter_mut().flatten() {
                *it = Point {
                    x: it.x * fitting,
                    y: it.y * fitting,
                };
            }
        }
        let ratio = super::window().device_pixel_ratio().max(1.0);
        // Clears it as well.
        pad.set_width(pixels(size[0] * ratio));
        pad.set_height(pixels(size[1] * ratio));
        if let Some(context) = context(pad) {
            let _ = context.scale(ratio, ratio);
            self.trace_all(&context, LINE);
        }
    }

    /// Black on white, cut to what was drawn, as a PNG; none where nothing was drawn, or where the browser has no
    /// room for it.
    pub async fn picture(&self) -> Option<Vec<u8>> {
        let bounds = self.bounds().filter(|_| self.is_drawn())?;
        let mut picture = None;
        for side in SIDES {
            let bytes = encode(&self.cut(bounds, side)?, PNG, 1.0).await?;
            let is_small = bytes.len() <= SMALL_BYTES;
            picture = Some(bytes);
            if is_small {
                break;
            }
        }
        picture
    }

    fn cut(&self, of: Bounds, longest: f64) -> Option<HtmlCanvasElement> {
        let (width, height) = (
            of.right - of.left + 2.0 * MARGIN,
            of.bottom - of.top + 2.0 * MARGIN,
        );
        let scale = (longest / width.max(height)).min(ENLARGED);
        let canvas: HtmlCanvasElement = super::document()
            .create_element("canvas")
            .ok()?
            .unchecked_into();
        canvas.set_width(pixels(width * scale));
        canvas.set_height(pixels(height * scale));
        let context = context(&canvas)?;
        context.scale(scale, scale).ok()?;
        context.set_fill_style_str(PAPER);
        // A part of a pixel at the edge would be see-through.
        context.fill_rect(0.0, 0.0, width + 1.0, height + 1.0);
        context.translate(MARGIN - of.left, MARGIN - of.top).ok()?;
        self.trace_all(&context, LINE.max(width.max(height) * LINE_OF_PICTURE));
        Some(canvas)
    }

    fn trace_all(&self, context: &CanvasRenderingContext2d, line: f64) {
        set_pen(context, line);
        for stroke in &self.0 {
            trace(context, stroke, 1);
            finish(context, stroke);
        }
    }

    fn bounds(&self) -> Option<Bounds> {
        let each = self.0.iter().flatten().map(|it| Bounds {
            left: it.x,
            top: it.y,
            right: it.x,
            bottom: it.y,
        });
        each.reduce(|a, b| Bounds {
            left: a.left.min(b.left),
            top: a.top.min(b.top),
            right: a.right.max(b.right),
            bottom: a.bottom.max(b.bottom),
        })
    }
}

fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    Some(canvas.get_context("2d").ok()??.unchecked_into())
}

fn set_pen(context: &CanvasRenderingContext2d, line: f64) {
    context.set_stroke_style_str(INK);
    context.set_line_width(line);
    context.set_line_cap("round");
    context.set_line_join("round");
}

/// A curve from half way to half way, bent by the points themselves, from the `from`th point on: no corners.
fn trace(context: &CanvasRenderingContext2d, stroke: &[Point], from: usize) {
    let start = match from.checked_sub(2) {
        Some(before) => stroke[before].half_way(stroke[before + 1]),
        None => stroke[0],
    };
    context.begin_path();
    context.move_to(start.x, start.y);
    for way in stroke[from - 1..].windows(2) {
        let (bend, end) = (way[0], way[0].half_way(way[1]));
        context.quadratic_curve_to(bend.x, bend.y, end.x, end.y);
    }
    context.stroke();
}

/// From half way to where the finger left; of one point a dot.
fn finish(context: &CanvasRenderingContext2d, stroke: &[Point]) {
    let [.., last] = stroke else {
        return;
    };
    let before = match stroke {
        [.., before, _] => before.half_way(*last),
        // A line without any length is not drawn.
        _ => Point {
            x: last.x - 0.1,
            y: last.y,
        },
    };
    context.begin_path();
    context.move_to(before.x, before.y);
    context.line_to(last.x, last.y);
    context.stroke();
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some thousand pixels, never negative"
)]
fn pixels(length: f64) -> u32 {
    length.round().max(1.0) as u32
}
