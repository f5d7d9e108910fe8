//! What a running server goes on with when the files of its sites or of its keys change.

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::api::Office;
use crate::keys::{Keys, KeysError};
use crate::server;
use crate::site::{ReadTexts, SiteError, SiteFiles, Sites};
use crate::storage::Fault;

pub struct Watch {
    office: Arc<Office>,
    files: SiteFiles,
    /// As they were when they were last of use.
    texts: ReadTexts,
    keys: PathBuf,
    /// What cannot be used is said once.
    said: [Option<String>; 2],
}

impl Watch {
    pub fn new(office: Arc<Office>, files: SiteFiles, texts: ReadTexts, keys: PathBuf) -> Self {
        Self {
            office,
            files,
            texts,
            keys,
            said: [const { None }; 2],
        }
    }

    pub async fn run(mut self, rest: Duration) {
        loop {
            tokio::time::sleep(rest).await;
            let (files, keys) = (self.files.clone(), self.keys.clone());
            let read = move || (files.read(), Keys::open_existing(&keys));
            let Ok((texts, keys)) = tokio::task::spawn_blocking(read).await else {
                continue;
            };
            let keys = self.take_keys(keys);
            self.say(0, "the keys of before stay in use", keys);
            let sites = self.take_texts(texts).await;
            self.say(1, "the sites stay as they were", sites);
        }
    }

    fn take_keys(&self, read: Result<Keys, KeysError>) -> Result<(), String> {
        let (read, used) = (read.map_err(|it| it.to_string())?, self.office.keys());
        if read.root_print() != used.root_print() {
            return Err(format!(
                "{} holds another head office's keys",
                self.keys.display()
            ));
        }
        if read.public() != used.public() {
            self.office.use_keys(read);
            tracing::info!("head office's working keys were renewed");
        }
        Ok(())
    }

    async fn take_texts(&mut self, read: Result<ReadTexts, SiteError>) -> Result<(), String> {
        let texts = read.map_err(|it| it.to_string())?;
        if texts == self.texts {
            return Ok(());
        }
        let sites = texts.sites().map_err(|it| it.to_string())?;
        let added = self.add(&sites).await;
        added.map_err(|it| it.to_string())?;
        self.office.use_sites(sites);
        self.texts = texts;
        tracing::info!("the texts of the sites were read anew");
        Ok(())
    }

    async fn add(&self, sites: &Sites) -> Result<(), Fault> {
        server::add_sites(&self.office.storage, sites).await
    }

    fn say(&mut self, about: usize, so: &str, done: Result<(), impl Display>) {
        let error = done.err().map(|it| it.to_string());
        if let Some(error) = error
            .as_ref()
            .filter(|it| self.said[about].as_ref() != Some(*it))
        {
            tracing::warn!(%error, "{so}");
        }
        self.said[about] = error;
    }
}
