//! The app: cases, responsibility and deadlines on the device.
//!
//! One way round: a page sends a command to the [`desk`], the rules decide, the log stores, the board
//! shows. The [`sync_pump`] carries what is stored, and knows no page. Only [`wording`] is built where
//! there is no browser, so that its tests take a second.

rust_i18n::i18n!("src/wording/locales", fallback = "zh-CN");

#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(all(target_arch = "wasm32", feature = "bench"))]
mod bench;
#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod desk;
#[cfg(target_arch = "wasm32")]
mod files_pump;
#[cfg(target_arch = "wasm32")]
mod pages;
#[cfg(target_arch = "wasm32")]
mod sync_pump;
pub mod wording;

#[cfg(target_arch = "wasm32")]
pub use app::start;
