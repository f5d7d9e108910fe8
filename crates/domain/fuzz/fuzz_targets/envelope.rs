//! Bytes from the network or a broken disk: an envelope or a clear error, and what is read is written again as it came.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shouwen_domain::Case;
use shouwen_domain::envelope::Envelope;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(envelope) = Envelope::from_bytes(bytes) {
        assert_eq!(envelope.to_bytes(), bytes);
        let _ = envelope.events();
        let _ = Case::fold([&envelope]);
    }
});
