//! One request's writing: performed inside a transaction, reported after the commit.

use shouwen_domain::id::SiteId;
use tokio::sync::oneshot;

use super::Fault;
use super::db::Db;

pub trait Job: Send {
    /// The one site that it writes to.
    fn site(&self) -> &SiteId;

    /// May be called again where the transaction was undone: what it answered before is forgotten.
    fn perform(&mut self, db: &dyn Db) -> Result<(), Fault>;

    fn report(self: Box<Self>, committed: Result<(), Fault>);
}

struct Request<F, T> {
    site: SiteId,
    work: F,
    answer: Option<T>,
    asker: oneshot::Sender<Result<T, Fault>>,
}

/// A job, and where its answer will come.
pub fn job<T: Send + 'static>(
    site: &SiteId,
    work: impl FnMut(&dyn Db) -> Result<T, Fault> + Send + 'static,
) -> (Box<dyn Job>, oneshot::Receiver<Result<T, Fault>>) {
    let (asker, answer) = oneshot::channel();
    let request = Request {
        site: site.clone(),
        work,
        answer: None,
        asker,
    };
    (Box::new(request), answer)
}

impl<T: Send, F: FnMut(&dyn Db) -> Result<T, Fault> + Send> Job for Request<F, T> {
    fn site(&self) -> &SiteId {
        &self.site
    }

    fn perform(&mut self, db: &dyn Db) -> Result<(), Fault> {
        self.answer = None;
        self.answer = Some((self.work)(db)?);
        Ok(())
    }

    fn report(self: Box<Self>, committed: Result<(), Fault>) {
        let Self { answer, asker, .. } = *self;
        let answer = committed.and_then(|()| answer.ok_or(Fault::Closed));
        // Whoever asked may have gone; what is written stays written.
        let _ = asker.send(answer);
    }
}
