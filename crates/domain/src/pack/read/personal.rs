//! What is kept of a customer: every field, or nothing is said.

use super::{calendar_days, text};
use crate::document::Item;
use crate::limits;
use crate::pack::{Kept, PackError, Personal, PersonalField};

const KEYS: &[&str] = &[
    "on_devices",
    "customer_name",
    "customer_phone",
    "customer_address",
    "matter",
    "words",
    "photos",
    "signature",
];

/// Ten years.
const MOST_DAYS: u32 = 3_650;

pub(super) fn personal(item: &Item<'_>) -> Result<Personal, PackError> {
    let table = item.table(KEYS)?;
    let on_devices_days = calendar_days(
        &table.need("on_devices")?,
        limits::LEAST_KEPT_DAYS..limits::KEPT_DAYS,
    )?;
    let kept = |field: PersonalField| {
        let table = table.need(field.key())?.table(&["purpose", "kept"])?;
        Ok(Kept {
            field,
            purpose: text(&table.need("purpose")?)?,
            // Nothing lies on a device for longer than it is to be kept at all.
            days: calendar_days(&table.need("kept")?, on_devices_days..MOST_DAYS)?,
        })
    };
    Ok(Personal {
        on_devices_days,
        fields: PersonalField::ALL
            .into_iter()
            .map(kept)
            .collect::<Result<_, _>>()?,
    })
}
