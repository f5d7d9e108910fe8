//! CBOR in and out, and every way to decline.

use std::sync::Arc;
use std::time::Duration;

use axum::RequestExt;
use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http_body_util::LengthLimitError;
use minicbor::data::Type;
use minicbor::{Decode, Decoder, Encode};
use shouwen_sync::message::{Failure, FailureCode, MEDIA_TYPE};
use tokio::time::{Instant, timeout_at};

use super::Office;
use crate::bounds::Bounds;
use crate::storage::Fault;

/// A message as the body of a request or an answer.
pub struct Cbor<T>(pub T);

/// No message nests deeper than an envelope may.
const DEPTH: usize = 16;

/// The body as it is: what is signed is read by whoever checks the signature.
pub struct Octets(pub Bytes);

impl FromRequest<Arc<Office>> for Octets {
    type Rejection = Declined;

    async fn from_request(request: Request, office: &Arc<Office>) -> Result<Self, Declined> {
        let media_type = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|it| it.to_str().ok());
        if media_type != Some(MEDIA_TYPE) {
            return Err(Declined::Malformed(format!(
                "Expected a body of {MEDIA_TYPE}"
            )));
        }
        let body = read(request, office.bounds.body_starts).await?;
        if is_shallow(&body) {
            Ok(Self(body))
        } else {
            Err(Declined::Malformed(
                "The message is no CBOR, or nests too deep".to_owned(),
            ))
        }
    }
}

/// Whatever comes; it is read all the same, so that the next request may follow on the same line.
pub struct Ignored;

impl FromRequest<Arc<Office>> for Ignored {
    type Rejection = Declined;

    async fn from_request(request: Request, office: &Arc<Office>) -> Result<Self, Declined> {
        read(request, office.bounds.body_starts).await.map(|_| Self)
    }
}

/// A body at the pace of a poor line at least. One that says that it is too long is not read at all.
async fn read(request: Request, starts: Duration) -> Result<Bytes, Declined> {
    let began = Instant::now();
    let announced = request.body().size_hint().lower();
    let body = request.into_limited_body();
    if body.size_hint().upper().is_some_and(|it| it < announced) {
        return Err(Declined::TooLarge);
    }
    let mut parts = body.into_data_stream();
    let mut read = Vec::new();
    loop {
        let earned = u64::try_from(read.len()).unwrap_or(u64::MAX) / u64::from(Bounds::BODY_PACE);
        let ends = began + starts + Duration::from_secs(earned);
        match timeout_at(ends, parts.next()).await {
            Ok(Some(Ok(part))) => read.extend_from_slice(&part),
            Ok(None) => return Ok(read.into()),
            Ok(Some(Err(error))) => {
                return Err(if error.into_inner().is::<LengthLimitError>() {
                    Declined::TooLarge
                } else {
                    Declined::Malformed("The body broke off".to_owned())
                });
            }
            Err(_) => return Err(Declined::TooSlow),
        }
    }
}

/// Whether what nests can be read without going deeper than [`DEPTH`].
fn is_shallow(bytes: &[u8]) -> bool {
    let mut decoder = Decoder::new(bytes);
    // What is still to come on each level; none where a break ends it.
    let mut open: Vec<Option<u64>> = Vec::new();
    while decoder.position() < bytes.len() {
        match step(&mut decoder, &mut open) {
            Ok(Step::Opened(_)) if open.len() >= DEPTH => return false,
            Ok(Step::Opened(level)) => open.push(level),
            Ok(Step::Whole) => {
                // An item is whole, and with it whatever it was the last of.
                while let Some(Some(n)) = open.last_mut() {
                    *n -= 1;
                    if *n > 0 {
                        break;
                    }
                    open.pop();
                }
            }
            Err(_) => return false,
        }
    }
    true
}

enum Step {
    /// A level began, with so many items; none where a break ends it.
    Opened(Option<u64>),
    Whole,
}

fn step(
    decoder: &mut Decoder<'_>,
    open: &mut Vec<Option<u64>>,
) -> Result<Step, minicbor::decode::Error> {
    let kind = decoder.datatype()?;
    let n = if matches!(kind, Type::Array | Type::ArrayIndef) {
        decoder.array()?
    } else if matches!(kind, Type::Map | Type::MapIndef) {
        decoder.map()?.map(|it| it.saturating_mul(2))
    } else if kind == Type::Tag {
        decoder.tag()?;
        Some(1)
    } else if kind == Type::Break {
        if open.pop() != Some(None) {
            return Err(minicbor::decode::Error::message("nothing ends here"));
        }
        decoder.set_position(decoder.position() + 1);
        return Ok(Step::Whole);
    } else {
        decoder.skip()?;
        return Ok(Step::Whole);
    };
    Ok(if n == Some(0) {
        Step::Whole
    } else {
        Step::Opened(n)
    })
}

impl<T: for<'b> Decode<'b, ()>> FromRequest<Arc<Office>> for Cbor<T> {
    type Rejection = Declined;

    async fn from_request(request: Request, office: &Arc<Office>) -> Result<Self, Declined> {
        let Octets(body) = Octets::from_request(request, office).await?;
        let mut decoder = Decoder::new(&body);
        match decoder.decode() {
            Ok(message) if decoder.position() == body.len() => Ok(Self(message)),
            Ok(_) => Err(Declined::Malformed(
                "Bytes are left over behind the message".to_owned(),
            )),
            Err(error) => Err(Declined::Malformed(error.to_string())),
        }
    }
}

impl<T: Encode<()>> IntoResponse for Cbor<T> {
    fn into_response(self) -> Response {
        let body = minicbor::to_vec(&self.0).expect("writing to memory cannot fail");
        ([(CACHE_CONTROL, "no-store")], cbor(body)).into_response()
    }
}

pub fn cbor(body: impl IntoResponse) -> impl IntoResponse {
    ([(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], body)
}

/// Why a request is not answered with what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declined {
    Malformed(String),
    WrongPin,
    NotSignedIn(&'static str),
    NotEnrolled,
    DeviceTaken,
    TooManyTries { retry_after_s: u64 },
    TooLarge,
    TooSlow,
    Encoded,
    ForeignPage,
    Storage,
    WrongBytes,
    NotAPicture,
    FilesOfTheDay,
    NotHere,
    WrongCode,
    Revoked,
}

impl Declined {
    /// Another try counts after so long.
    pub const fn wait(wait: Duration) -> Self {
        Self::TooManyTries {
            retry_after_s: wait.as_secs() + 1,
        }
    }
}

impl From<Fault> for Declined {
    fn from(_: Fault) -> Self {
        Self::Storage
    }
}

impl IntoResponse for Declined {
    fn into_response(self) -> Response {
        let (status, code, detail) = match self {
            Self::Malformed(ref what) => (
                StatusCode::BAD_REQUEST,
                FailureCode::Malformed,
                what.as_str(),
            ),
            Self::WrongPin => (
                StatusCode::UNAUTHORIZED,
                FailureCode::WrongPin,
                "No such person, or not this PIN",
            ),
            Self::NotSignedIn(why) => (StatusCode::UNAUTHORIZED, FailureCode::NotSignedIn, why),
            Self::NotEnrolled => (
                StatusCode::FORBIDDEN,
                FailureCode::NotEnrolled,
                "This device is not enrolled here",
            ),
            Self::DeviceTaken => (
                StatusCode::CONFLICT,
                FailureCode::DeviceTaken,
                "Another key is enrolled under this device's id",
            ),
            Self::TooManyTries { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                FailureCode::TooManyTries,
                "Too many tries",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                FailureCode::TooLarge,
                "More than one batch may hold",
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                FailureCode::TooSlow,
                "The request took too long",
            ),
            Self::Encoded => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                FailureCode::Encoded,
                "A body is sent as it is, not compressed",
            ),
            Self::ForeignPage => (
                StatusCode::FORBIDDEN,
                FailureCode::ForeignPage,
                "A page of another site may not ask here",
            ),
            Self::WrongBytes => (
                StatusCode::UNPROCESSABLE_ENTITY,
                FailureCode::WrongBytes,
                "The chunks do not make up the file that was named; all of them are thrown away",
            ),
            Self::NotAPicture => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                FailureCode::NotAPicture,
                "Neither JPEG nor PNG nor WebP",
            ),
            Self::FilesOfTheDay => (
                StatusCode::TOO_MANY_REQUESTS,
                FailureCode::FilesOfTheDay,
                "More bytes of photos than a site may send in a day",
            ),
            Self::NotHere => (
                StatusCode::NOT_FOUND,
                FailureCode::NotHere,
                "No such file is here as a whole",
            ),
            Self::WrongCode => (
                StatusCode::FORBIDDEN,
                FailureCode::WrongCode,
                "There is no such invitation, it has ended, or another device used it",
            ),
            Self::Revoked => (
                StatusCode::FORBIDDEN,
                FailureCode::Revoked,
                "Head office lets this person or this device in no more",
            ),
            Self::Storage => (
                StatusCode::SERVICE_UNAVAILABLE,
                FailureCode::Storage,
                "The server cannot store now; nothing was taken",
            ),
        };
        let mut response = (
            status,
            Cbor(Failure {
                code,
                detail: detail.to_owned(),
            }),
        )
            .into_response();
        if let Self::TooManyTries { retry_after_s } = self {
            response
                .headers_mut()
                .insert(RETRY_AFTER, retry_after_s.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_deeper_than_an_envelope_is_told_before_it_is_read() {
        // Arrays of one, maps of one, tags, and arrays that a break would end.
        for opening in [&[0x81][..], &[0xa1, 0x00], &[0xc1], &[0x9f]] {
            assert!(is_shallow(&opening.repeat(DEPTH)), "{opening:02x?}");
            assert!(!is_shallow(&opening.repeat(DEPTH + 1)), "{opening:02x?}");
            assert!(!is_shallow(&opening.repeat(1 << 20)), "{opening:02x?}");
        }
        let closed = [[0x9f; 8].repeat(2), vec![0xff; 16]].concat();
        let side_by_side = [&[0x98, 40][..], &closed[8..24].repeat(40)].concat();
        assert!(is_shallow(&side_by_side), "what is closed is no depth");
        let pairs = [vec![0x84], [0x82, 0x80, 0xa0].repeat(4)].concat();
        assert!(is_shallow(&pairs.repeat(100)));
        for wrong in [&[0xff][..], &[0x81, 0xff], &[0x42, 0x00], &[0x1c]] {
            assert!(!is_shallow(wrong), "{wrong:02x?}");
        }
        assert!(is_shallow(b""), "nothing nests in nothing");
    }
}
