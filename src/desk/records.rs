//! The small records that say what this device is and who may come in, read as they are at one moment: a reading costs a
//! way through the browser, however much it brings.

use shouwen_store::{Fault, Log, NamedRecord, Section};
use shouwen_store_indexeddb::SealedLog;

pub(super) struct Records(Vec<NamedRecord>);

impl Records {
    pub const AT_OPENING: [Section; 3] = [Section::Settings, Section::Session, Section::Texts];
    pub const OF_ACCESS: [Section; 2] = [Section::Settings, Section::Session];

    pub async fn read(log: &SealedLog, sections: &[Section]) -> Result<Self, Fault> {
        log.records(sections).await.map(Self)
    }

    pub fn get(&self, section: Section, name: &str) -> Option<&[u8]> {
        let mut records = self.0.iter();
        let found = records.find(|it| it.section == section && it.name == name);
        found.map(|it| it.record.as_slice())
    }
}
