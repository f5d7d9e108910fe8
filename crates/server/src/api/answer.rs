//! CBOR in and out, and every way to decline.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use minicbor::{Decode, Decoder, Encode};
use shouwen_sync::message::{Failure, FailureCode, MEDIA_TYPE};

use crate::storage::Fault;

/// A message as the body of a request or an answer.
pub struct Cbor<T>(pub T);

/// The body as it is: what is signed is read by whoever checks the signature.
pub struct Octets(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Octets {
    type Rejection = Declined;

    async fn from_request(request: Request, state: &S) -> Result<Self, Declined> {
        let media_type = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|it| it.to_str().ok());
        if media_type != Some(MEDIA_TYPE) {
            return Err(Declined::Malformed(format!(
                "Expected a body of {MEDIA_TYPE}"
            )));
        }
        let body = Bytes::from_request(request, state).await.map_err(|error| {
            if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Declined::TooLarge
            } else {
                Declined::Malformed(error.body_text())
            }
        })?;
        Ok(Self(body))
    }
}

impl<S: Send + Sync, T: for<'b> Decode<'b, ()>> FromRequest<S> for Cbor<T> {
    type Rejection = Declined;

    async fn from_request(request: Request, state: &S) -> Result<Self, Declined> {
        let Octets(body) = Octets::from_request(request, state).await?;
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
    Storage,
    WrongBytes,
    NotAPicture,
    FilesOfTheDay,
    NotHere,
    WrongCode,
    Revoked,
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
