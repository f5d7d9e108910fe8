//! Mounts the app.

fn main() {
    #[cfg(target_arch = "wasm32")]
    shouwen::start();
}
