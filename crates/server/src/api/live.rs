//! `GET /api/live`: server-sent events for a device that looks: each says how far the feed has come.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::time::Instant;

use super::answer::Declined;
use super::openapi::{Guarded, Proven};
use super::{Office, Reader};
use crate::keys::TOKEN_LASTS;

/// So that nobody on the way takes the line for dead.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// Server-sent events for a device that looks.
#[utoipa::path(
    get, path = "/api/live",
    responses(
        (status = 200, description = "How far the feed has come, each time it goes on", content_type = "text/event-stream", body = String),
        Guarded,
        Proven,
    ),
    security(("token" = [])),
)]
pub async fn live(
    State(office): State<Arc<Office>>,
    Reader(bearer): Reader,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Declined> {
    let place = office
        .streams
        .take(bearer.device)
        .ok_or(Declined::wait(SIGN_OF_LIFE))?;
    let news = office.news.listen(&bearer.site).ok_or(Declined::Storage)?;
    // As long as the token: who was shut out hears no more after that.
    let ends = Instant::now() + Duration::from_secs(u64::from(TOKEN_LASTS.0) * 60);
    let events = unfold(
        (news, place, office, bearer),
        move |(mut news, place, office, bearer)| async move {
            tokio::select! {
                () = tokio::time::sleep_until(ends) => None,
                changed = news.changed() => {
                    changed.ok()?;
                    // Whoever was let in no more hears no more.
                    let still = office.with_those_let_in(bearer.clone()).await.ok()??;
                    (still == bearer).then_some(())?;
                    let position = *news.borrow_and_update();
                    let event = Event::default().data(position.to_string());
                    Some((Ok(event), (news, place, office, bearer)))
                }
            }
        },
    );
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE)))
}
