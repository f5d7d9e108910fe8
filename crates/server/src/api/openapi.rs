//! What the paths under `/api` take and answer, in `OpenAPI` 3.1: put together from what stands beside each of them.
//!
//! Messages are CBOR, of which `OpenAPI` knows no form: `shouwen_sync::message` says what is in each.

use std::collections::BTreeMap;

use axum::Extension;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use shouwen_sync::message::MEDIA_TYPE;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, ContentBuilder, HeaderBuilder, InfoBuilder, KnownFormat,
    ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response, ResponseBuilder, Schema,
    SchemaFormat, Type,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

/// Under this name operations ask for a token.
const TOKEN: &str = "token";

type Responses = BTreeMap<String, RefOr<Response>>;

/// Without its paths, which the router adds.
pub fn beginning() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Shouwen head office")
        .version("1")
        .description(Some(
            "What devices ask of head office. Bodies are CBOR maps with integer keys; every answer that is no success is \
             a Failure. A contact gives a device its token.",
        ));
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let token = token.description(Some(
        "Ten minutes' worth, from /api/contact, bound to the device's key",
    ));
    let components = ComponentsBuilder::new()
        .schema(Message::name(), Message::schema())
        .schema(Failure::name(), Failure::schema())
        .security_scheme(TOKEN, SecurityScheme::Http(token.build()));
    OpenApiBuilder::new()
        .info(info.build())
        .components(Some(components.build()))
        .build()
}

/// The finished document.
#[utoipa::path(get, path = "/api/openapi.json", responses(
    (status = 200, description = "This document", content_type = "application/json", body = Object),
    Guarded,
))]
pub async fn document(Extension(document): Extension<Document>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document.0)
}

/// As it is handed out.
#[derive(Clone)]
pub struct Document(pub Bytes);

/// A body in CBOR.
pub struct Message;

impl ToSchema for Message {}

impl PartialSchema for Message {
    fn schema() -> RefOr<Schema> {
        binary(
            "One item of CBOR, no deeper than 16 levels, as `shouwen_sync::message` describes it for each path",
        )
    }
}

/// Why a request was declined.
pub struct Failure;

impl ToSchema for Failure {}

impl PartialSchema for Failure {
    fn schema() -> RefOr<Schema> {
        binary(
            "A map in CBOR: 1 is the reason, a number that keeps its meaning (`FailureCode`), 2 is the same in words, for a log",
        )
    }
}

fn binary(description: &str) -> RefOr<Schema> {
    let object = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
        .description(Some(description));
    RefOr::T(object.into())
}

fn content(schema: &str) -> Content {
    let schema = Ref::from_schema_name(schema);
    ContentBuilder::new().schema(Some(schema)).build()
}

fn declined<const N: usize>(reasons: [(&str, &str); N]) -> Responses {
    let response = |(status, why): (&str, &str)| {
        let mut response = ResponseBuilder::new()
            .description(why)
            .content(MEDIA_TYPE, content(&Failure::name()));
        if status == "429" {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer);
            let wait = HeaderBuilder::new()
                .schema(Some(seconds))
                .description(Some("Seconds; missing where the limit is that of a day"));
            response = response.header("Retry-After", wait.build());
        }
        (status.to_owned(), response.build().into())
    };
    reasons.into_iter().map(response).collect()
}

/// A message comes back.
pub struct Answered;

impl IntoResponses for Answered {
    fn responses() -> Responses {
        let answer = ResponseBuilder::new()
            .description("The answer")
            .content(MEDIA_TYPE, content(&Message::name()));
        [("200".to_owned(), answer.build().into())].into()
    }
}

/// What any request under `/api` may be answered.
pub struct Guarded;

impl IntoResponses for Guarded {
    fn responses() -> Responses {
        declined([
            (
                "403",
                "A page of another site asks, or whoever asks is not let in",
            ),
            ("408", "The request took too long"),
            (
                "415",
                "The body is compressed, or no picture where one is expected",
            ),
            ("429", "Too many tries"),
            (
                "503",
                "The server cannot store or read now; nothing was taken",
            ),
        ])
    }
}

/// Where a body is read.
pub struct Bodied;

impl IntoResponses for Bodied {
    fn responses() -> Responses {
        declined([
            ("400", "The request is not what this path takes"),
            ("413", "More than this path takes"),
        ])
    }
}

/// Where a token, a PIN or a proof is asked for.
pub struct Proven;

impl IntoResponses for Proven {
    fn responses() -> Responses {
        declined([(
            "401",
            "The token is missing or has ended, or the proof is wrong",
        )])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use crate::api::routes;

    #[test]
    fn every_path_of_the_router_stands_in_the_document() {
        // Answered as no such path.
        const NOWHERE: [&str; 3] = ["/api", "/api/", "/api/{*path}"];
        let (router, document) = routes();
        let document: Value = serde_json::from_slice(&document.0).unwrap();
        let described = document["paths"].as_object().unwrap().keys();
        let described: BTreeSet<&str> = described.map(String::as_str).collect();
        // The router tells its paths to whoever debugs it, and to nobody else.
        let shown = format!("{router:?}");
        let paths = shown.split('"').filter(|it| it.starts_with("/api"));
        let paths: BTreeSet<&str> = paths.filter(|it| !NOWHERE.contains(it)).collect();
        assert!(paths.len() > 10, "{shown}");
        assert_eq!(paths, described);
    }

    #[test]
    fn every_operation_says_what_is_asked_of_it_and_how_it_declines() {
        let document: Value = serde_json::from_slice(&routes().1.0).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let shown = format!("{method} {path}");
                let responses = operation["responses"].as_object().unwrap();
                for status in ["200", "403", "408", "415", "429", "503"] {
                    assert!(responses.contains_key(status), "{shown}: {status}");
                }
                for (status, response) in responses {
                    let content = response["content"].as_object();
                    let is_cbor = content.is_some_and(|it| it.keys().eq(["application/cbor"]));
                    assert!(is_cbor || status.as_str() < "400", "{shown}: {status}");
                }
                if let Some(body) = operation.get("requestBody") {
                    let content = body["content"].as_object().unwrap();
                    assert!(content.keys().eq(["application/cbor"]), "{shown}");
                    assert!(responses.contains_key("400"), "{shown}");
                    assert!(responses.contains_key("413"), "{shown}");
                }
                let has_token = operation.get("security").is_some();
                assert!(!has_token || responses.contains_key("401"), "{shown}");
            }
        }
    }
}
