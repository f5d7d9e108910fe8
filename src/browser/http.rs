//! Requests to head office: CBOR out, CBOR in.

use gloo::net::http::{Method, RequestBuilder};
use js_sys::Uint8Array;
use minicbor::{Decode, Encode};
use shouwen_sync::message::{Failure as FailureBody, FailureCode, MEDIA_TYPE};

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// Nobody answered.
    Network,
    /// The server said no.
    Status {
        status: u16,
        code: Option<FailureCode>,
    },
    /// The answer cannot be read.
    Malformed,
}

pub async fn get<T: for<'b> Decode<'b, ()>>(path: &str) -> Result<T, HttpError> {
    let request = RequestBuilder::new(path)
        .method(Method::GET)
        .build()
        .map_err(|_| HttpError::Network)?;
    let bytes = answer(request.send().await).await?;
    minicbor::decode(&bytes).map_err(|_| HttpError::Malformed)
}

pub async fn post<T: for<'b> Decode<'b, ()>>(
    path: &str,
    token: Option<&str>,
    body: &impl Encode<()>,
) -> Result<T, HttpError> {
    let bytes = minicbor::to_vec(body).expect("writing to a vector cannot fail");
    let answer = post_bytes(path, token, &bytes).await?;
    minicbor::decode(&answer).map_err(|_| HttpError::Malformed)
}

/// A body that is written already; the answer is read by whoever asked.
pub async fn post_bytes(
    path: &str,
    token: Option<&str>,
    body: &[u8],
) -> Result<Vec<u8>, HttpError> {
    let mut request = RequestBuilder::new(path)
        .method(Method::POST)
        .header("content-type", MEDIA_TYPE);
    if let Some(token) = token {
        request = request.header("authorization", &format!("Bearer {token}"));
    }
    let request = request
        .body(Uint8Array::from(body))
        .map_err(|_| HttpError::Network)?;
    answer(request.send().await).await
}

async fn answer(
    response: Result<gloo::net::http::Response, gloo::net::Error>,
) -> Result<Vec<u8>, HttpError> {
    let response = response.map_err(|_| HttpError::Network)?;
    let status = response.status();
    let bytes = response.binary().await.map_err(|_| HttpError::Network)?;
    if response.ok() {
        return Ok(bytes);
    }
    let code = minicbor::decode::<FailureBody>(&bytes)
        .ok()
        .map(|it| it.code);
    Err(HttpError::Status { status, code })
}
