//! Packs, directories, calendars and zone tables as anybody may write them: read or refused, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shouwen_domain::calendar::Calendar;
use shouwen_domain::directory::Directory;
use shouwen_domain::pack::Pack;
use shouwen_domain::zone::Zones;

fuzz_target!(|text: &str| {
    let _ = Pack::parse("pack.toml", text);
    let _ = Directory::parse("site.toml", text);
    let _ = Zones::parse(text);
    let _ = Calendar::parse(&[("2026.json", text)]);
});
