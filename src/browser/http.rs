//! Requests to head office: CBOR out, CBOR in.

use gloo::net::http::{Method, RequestBuilder};
use js_sys::Uint8Array;
use minicbor::{Decode, Encode};
use shouwen_sync::client::Failure;
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
        /// For how long it is not to be asked again, where it said so.
        retry_after_s: Option<u64>,
    },
    /// The answer cannot be read.
    Malformed,
}

impl HttpError {
    /// What it means to whoever sends.
    pub const fn failure(&self) -> Failure {
        match self {
            Self::Network => Failure::Network,
            Self::Malformed => Failure::Malformed,
            // What head office wants of it then, it says at the next contact.
            Self::Status { status: 401, .. }
            | Self::Status {
                code: Some(FailureCode::Revoked),
                ..
            } => Failure::SignedOut,
            Self::Status { status: 403, .. } => Failure::NotEnrolled,
            Self::Status { status: 413, .. } => Failure::TooLarge,
            Self::Status {
                status: 429 | 503,
                retry_after_s: Some(retry_after_s),
                ..
            } => Failure::Busy {
                retry_after_s: *retry_after_s,
            },
            Self::Status { .. } => Failure::Server,
        }
    }
}

pub async fn get<T: for<'b> Decode<'b, ()>>(path: &str, token: &str) -> Result<T, HttpError> {
    let request = RequestBuilder::new(path)
        .method(Method::GET)
        .header("authorization", &format!("Bearer {token}"))
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
    send(Method::POST, path, token, body).await
}

pub async fn put<T: for<'b> Decode<'b, ()>>(
    path: &str,
    token: &str,
    body: &impl Encode<()>,
) -> Result<T, HttpError> {
    send(Method::PUT, path, Some(token), body).await
}

async fn send<T: for<'b> Decode<'b, ()>>(
    method: Method,
    path: &str,
    token: Option<&str>,
    body: &impl Encode<()>,
) -> Result<T, HttpError> {
    let bytes = minicbor::to_vec(body).expect("writing to a vector cannot fail");
    let answer = send_bytes(method, path, token, &bytes).await?;
    minicbor::decode(&answer).map_err(|_| HttpError::Malformed)
}

/// A body that is written already; the answer is read by whoever asked.
pub async fn post_bytes(
    path: &str,
    token: Option<&str>,
    body: &[u8],
) -> Result<Vec<u8>, HttpError> {
    send_bytes(Method::POST, path, token, body).await
}

async fn send_bytes(
    method: Method,
    path: &str,
    token: Option<&str>,
    body: &[u8],
) -> Result<Vec<u8>, HttpError> {
    let mut request = RequestBuilder::new(path)
        .method(method)
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
    // A date is as good as nothing: this device's clock may be wrong.
    let retry_after_s = response
        .headers()
        .get("retry-after")
        .and_then(|it| it.parse().ok());
    let bytes = response.binary().await.map_err(|_| HttpError::Network)?;
    if response.ok() {
        return Ok(bytes);
    }
    let code = minicbor::decode::<FailureBody>(&bytes)
        .ok()
        .map(|it| it.code);
    Err(HttpError::Status {
        status,
        code,
        retry_after_s,
    })
}
