//! Where the customer signs with a finger. Yields a picture; what becomes of it is up to whoever opened the pad.

use leptos::ev::PointerEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::browser::ink::{Ink, points};
use crate::desk::Desk;
use crate::say;

/// The pad while it is open: each time a blank one.
#[component]
pub fn SignaturePad(
    open: RwSignal<bool>,
    /// A PNG of what was drawn.
    #[prop(into)]
    done: Callback<Vec<u8>>,
) -> impl IntoView {
    move || open.get().then(|| view! { <Pad open done /> })
}

#[component]
fn Pad(open: RwSignal<bool>, done: Callback<Vec<u8>>) -> impl IntoView {
    let words = expect_context::<Desk>().language();
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    let pad = NodeRef::<leptos::html::Canvas>::new();
    let ink = StoredValue::new(Ink::default());
    // The finger that draws: what else touches the screen meanwhile is the palm.
    let finger = StoredValue::new(None::<i32>);
    let is_drawn = RwSignal::new(false);
    let failed = RwSignal::new(false);
    let draw = move || {
        if let Some(pad) = pad.get_untracked() {
            ink.update_value(|it| it.draw(&pad));
            is_drawn.set(ink.with_value(Ink::is_drawn));
        }
    };
    Effect::new(move |_| {
        if let (Some(dialog), Some(_)) = (dialog.get(), pad.get())
            && !dialog.open()
        {
            let _ = dialog.show_modal();
            draw();
        }
    });
    let turned = window_event_listener(leptos::ev::resize, move |_| draw());
    on_cleanup(move || turned.remove());
    let down = move |ev: PointerEvent| {
        let Some(pad) = pad.get_untracked() else {
            return;
        };
        if finger.get_value().is_some() || ev.button() != 0 {
            return;
        }
        ev.prevent_default();
        finger.set_value(Some(ev.pointer_id()));
        // Refused for a pointer that is gone again; then nothing more comes of it.
        let _ = pad.set_pointer_capture(ev.pointer_id());
        if let Some(at) = points(&ev, &pad).pop() {
            ink.update_value(|it| it.begin(at));
        }
    };
    let go_on = move |ev: PointerEvent| {
        let Some(pad) = pad
            .get_untracked()
            .filter(|_| finger.get_value() == Some(ev.pointer_id()))
        else {
            return;
        };
        ink.update_value(|it| {
            for to in points(&ev, &pad) {
                it.go_on(to, &pad);
            }
        });
    };
    let up = move |ev: PointerEvent| {
        if finger.get_value() == Some(ev.pointer_id()) {
            finger.set_value(None);
            draw();
        }
    };
    let clear = move |_| {
        ink.set_value(Ink::default());
        failed.set(false);
        draw();
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let finish = move |_| {
        let drawn = ink.get_value();
        spawn_local(async move {
            match drawn.picture().await {
                // Closed meanwhile: it was taken back.
                Some(_) if open.try_get_untracked() != Some(true) => {}
                Some(picture) => {
                    close();
                    done.run(picture);
                }
                None => drop(failed.try_set(true)),
            }
        });
    };
    let said = move || match (failed.get(), is_drawn.get()) {
        (true, _) => say!(words.get(), "signature.failed"),
        (false, true) => say!(words.get(), "signature.drawn"),
        (false, false) => say!(words.get(), "signature.empty"),
    };
    view! {
        <dialog class="sheet" data-size="full" data-testid="signature-pad" node_ref=dialog aria-labelledby="signature-title"
            aria-describedby="signature-said" on:close=move |_| open.set(false)>
            <header class="sheet-head">
                <h2 class="sheet-title" id="signature-title">{move || say!(words.get(), "signature.title")}</h2>
            </header>
            <div class="sheet-body">
                <div class="signature-paper">
                    <canvas class="signature-pad" node_ref=pad role="img" data-drawn=move || is_drawn.get().then_some("")
                        aria-label=move || say!(words.get(), "signature.pad")
                        on:pointerdown=down on:pointermove=go_on on:pointerup=up on:pointercancel=up></canvas>
                </div>
                <p class="field-hint" id="signature-said" role="status">{said}</p>
            </div>
            <div class="action-bar">
                <button class="button" data-kind="secondary" type="button" data-pad="clear" disabled=move || !is_drawn.get()
                    on:click=clear>{move || say!(words.get(), "signature.clear")}</button>
                <button class="button" data-kind="secondary" type="button" data-pad="cancel"
                    on:click=move |_| close()>{move || say!(words.get(), "signature.cancel")}</button>
                <button class="button" data-kind="primary" type="button" data-pad="done" disabled=move || !is_drawn.get()
                    on:click=finish>{move || say!(words.get(), "signature.done")}</button>
            </div>
        </dialog>
    }
    .into_any()
}
