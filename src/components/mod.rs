//! Parts: props in, callbacks out. A part never sends a command.

pub mod act_sheet;
pub mod answer_card;
pub mod case_row;
pub mod choice;
pub mod due_card;
pub mod emergency;
pub mod field;
pub mod frame;
pub mod icon;
pub mod join_form;
pub mod photos;
pub mod phrases;
pub mod pin_reset;
pub mod signature_pad;
pub mod timeline;
