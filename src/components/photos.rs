//! Photos and the customer's signature: taken, chosen or drawn before an act, and shown where they belong to a case.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shouwen_domain::Case;
use shouwen_domain::case::Photo;
use shouwen_domain::event::{PhotoAdded, PhotoSource};
use shouwen_domain::hash::Hash;
use shouwen_domain::limits;
use shouwen_domain::moment::Moment;
use shouwen_store::{Fault, FileState};
use shouwen_sync::files::Progress;
use web_sys::HtmlInputElement;

use super::icon::Icon;
use super::signature_pad::SignaturePad;
use crate::browser;
use crate::browser::photo::{Address, PhotoError, shrink};
use crate::desk::{Desk, FileDesk};
use crate::pages::fault::fault_words;
use crate::say;
use crate::wording::{self, Language, act, time};

/// Why a photo was not taken; the act goes on without it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trouble {
    TooMany,
    Photo(PhotoError),
    Store(Fault),
}

/// What a camera made is not older than the press of its button, give or take its clock.
const CAMERA_CLOCK_MS: i64 = 10_000;

/// Three buttons, and what was taken so far.
#[component]
pub fn PhotoPicker(
    photos: RwSignal<Vec<PhotoAdded>>,
    /// So many are still being made small.
    busy: RwSignal<u32>,
    /// Called after each one more or less.
    #[prop(into)]
    changed: Callback<()>,
) -> impl IntoView {
    let files = expect_context::<FileDesk>();
    let words = expect_context::<Desk>().language();
    let trouble = RwSignal::new(None::<Trouble>);
    let opened = StoredValue::new(Moment::default());
    let take = move |input: &HtmlInputElement, is_camera: bool| {
        let chosen = input.files();
        let chosen: Vec<web_sys::File> = chosen
            .iter()
            .flat_map(|all| (0..all.length()).filter_map(|it| all.get(it)))
            .collect();
        // The same photo may be chosen again after it was taken out.
        input.set_value("");
        trouble.set(None);
        let since = is_camera.then(|| opened.get_value());
        busy.update(|it| *it += 1);
        spawn_local(async move {
            for file in chosen {
                let taken = take_one(files, photos, &file, since).await;
                let is_here = match taken {
                    Ok(()) => changed.try_run(()).is_some(),
                    Err(it) => trouble.try_set(Some(it)).is_none(),
                };
                if !is_here {
                    break;
                }
            }
            busy.try_update(|it| *it -= 1);
        });
    };
    let remove = move |hash: Hash| {
        photos.update(|it| it.retain(|it| it.photo != hash));
        changed.run(());
        spawn_local(async move {
            if let Err(fault) = files.discard(hash).await {
                trouble.try_set(Some(Trouble::Store(fault)));
            }
        });
    };
    let one = move |it: PhotoAdded| {
        let hash = it.photo;
        let place = move || {
            let photos = photos.read();
            let before = photos.iter().take_while(|it| it.photo != hash);
            before.filter(|it| !it.is_signature()).count() + 1
        };
        let alt = Signal::derive(move || say!(words.get(), "photo.alt", n = place()));
        view! {
            <li class="photo">
                <Picture hash alt />
                <button class="photo-remove" type="button" on:click=move |_| remove(hash)
                    aria-label=move || say!(words.get(), "photo.remove", n = place())><Icon name="x" /></button>
            </li>
        }
    };
    let taken = move || {
        let photos = photos.get();
        photos
            .into_iter()
            .filter(|it| !it.is_signature())
            .collect::<Vec<_>>()
    };
    let is_full = move || photos.read().len() >= limits::PHOTOS;
    let said = move || {
        let language = words.get();
        if let Some(it) = trouble.get() {
            return trouble_words(language, &it);
        }
        if busy.get() > 0 {
            return say!(language, "photo.working");
        }
        say!(language, "photo.hint", n = limits::PHOTOS)
    };
    view! {
        <fieldset class="field photo-picker" data-wide="" data-invalid=move || trouble.read().is_some().then_some("")>
            <legend class="field-label">{move || say!(words.get(), "photo.and_signature")}</legend>
            <ul class="photos" hidden=move || taken().is_empty()>
                <For each=taken key=|it| it.photo children=one />
            </ul>
            <Signature photos remove />
            <div class="photo-buttons">
                <label class="button" data-kind="secondary" data-disabled=move || is_full().then_some("")>
                    <Icon name="camera" />{move || say!(words.get(), "photo.take")}
                    <input class="visually-hidden" type="file" accept="image/*" capture="environment" multiple
                        data-photos="camera" disabled=is_full
                        on:click=move |_| opened.set_value(browser::now())
                        on:change:target=move |ev| take(&ev.target(), true) />
                </label>
                <label class="button" data-kind="secondary" data-disabled=move || is_full().then_some("")>
                    <Icon name="plus" />{move || say!(words.get(), "photo.choose")}
                    <input class="visually-hidden" type="file" accept="image/*" multiple
                        data-photos="album" disabled=is_full
                        on:change:target=move |ev| take(&ev.target(), false) />
                </label>
                <SignButton photos busy trouble changed />
            </div>
            <p class="field-hint" role="status" data-testid="photo-said">{said}</p>
        </fieldset>
    }
    .into_any()
}

fn signature_in(photos: &[PhotoAdded]) -> Option<Hash> {
    let signature = photos.iter().find(|it| it.is_signature());
    signature.map(|it| it.photo)
}

/// What the customer signed so far.
#[component]
fn Signature(
    photos: RwSignal<Vec<PhotoAdded>>,
    #[prop(into)] remove: Callback<Hash>,
) -> impl IntoView {
    let words = expect_context::<Desk>().language();
    let signature = Memo::new(move |_| signature_in(&photos.read()));
    move || {
        let hash = signature.get()?;
        let alt = Signal::derive(move || say!(words.get(), "signature.title"));
        Some(view! {
            <ul class="signatures">
                <li class="photo" data-signature="">
                    <Picture hash alt />
                    <button class="photo-remove" type="button" on:click=move |_| remove.run(hash)
                        aria-label=move || say!(words.get(), "signature.remove")><Icon name="x" /></button>
                </li>
            </ul>
        })
    }
}

/// Opens the pad. Signing again takes the place of what was signed.
#[component]
fn SignButton(
    photos: RwSignal<Vec<PhotoAdded>>,
    busy: RwSignal<u32>,
    trouble: RwSignal<Option<Trouble>>,
    changed: Callback<()>,
) -> impl IntoView {
    let files = expect_context::<FileDesk>();
    let words = expect_context::<Desk>().language();
    let open = RwSignal::new(false);
    let signed = move |picture: Vec<u8>| {
        trouble.set(None);
        busy.update(|it| *it += 1);
        spawn_local(async move {
            match keep_signature(files, photos, &picture).await {
                Ok(()) => drop(changed.try_run(())),
                Err(it) => drop(trouble.try_set(Some(it))),
            }
            busy.try_update(|it| *it -= 1);
        });
    };
    let is_signed = Memo::new(move |_| signature_in(&photos.read()).is_some());
    let is_full = move || photos.read().len() >= limits::PHOTOS && !is_signed.get();
    let word = move || {
        if is_signed.get() {
            say!(words.get(), "signature.again")
        } else {
            say!(words.get(), "signature.title")
        }
    };
    view! {
        <button class="button" data-kind="secondary" type="button" data-photos="signature" disabled=is_full
            on:click=move |_| open.set(true)><Icon name="pencil" />{word}</button>
        <SignaturePad open done=signed />
    }
}

/// `since`: when the camera was asked for; none where the photo comes from elsewhere.
async fn take_one(
    files: FileDesk,
    photos: RwSignal<Vec<PhotoAdded>>,
    file: &web_sys::File,
    since: Option<Moment>,
) -> Result<(), Trouble> {
    if photos.try_with_untracked(Vec::len).unwrap_or_default() >= limits::PHOTOS {
        return Err(Trouble::TooMany);
    }
    let bytes = shrink(file).await.map_err(Trouble::Photo)?;
    let hash = files.keep(&bytes).await.map_err(Trouble::Store)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole milliseconds are wanted"
    )]
    let made = Moment::from_unix_ms(file.last_modified() as i64);
    let is_new = |since: Moment| made.unix_ms() >= since.unix_ms() - CAMERA_CLOCK_MS;
    let photo = PhotoAdded {
        photo: hash,
        source: if since.is_some_and(is_new) {
            PhotoSource::Camera
        } else {
            PhotoSource::Album
        },
        taken_at: (made > Moment::default()).then_some(made),
        placed: false,
    };
    let added = photos.try_update(|it| {
        if it.iter().all(|it| it.photo != hash) {
            it.push(photo);
        }
    });
    if added.is_none() {
        // Nobody waits for it any more.
        let _ = files.discard(hash).await;
    }
    Ok(())
}

/// Takes the place of what was signed before.
async fn keep_signature(
    files: FileDesk,
    photos: RwSignal<Vec<PhotoAdded>>,
    picture: &[u8],
) -> Result<(), Trouble> {
    let drawn_at = browser::now();
    let hash = files.keep(picture).await.map_err(Trouble::Store)?;
    let signature = PhotoAdded {
        photo: hash,
        source: PhotoSource::Signature,
        taken_at: Some(drawn_at),
        placed: false,
    };
    let replaced = photos.try_update(|it| {
        let before = it.extract_if(.., |it| it.is_signature());
        let before = before.map(|it| it.photo).filter(|it| *it != hash);
        let before = before.collect::<Vec<_>>();
        it.push(signature);
        before
    });
    // Or nobody waits for it any more.
    let gone = replaced.unwrap_or_else(|| vec![hash]);
    for it in gone {
        files.discard(it).await.map_err(Trouble::Store)?;
    }
    Ok(())
}

fn trouble_words(language: Language, trouble: &Trouble) -> String {
    match trouble {
        Trouble::TooMany => say!(language, "refusal.too_many_photos", n = limits::PHOTOS),
        Trouble::Photo(PhotoError::Unreadable) => say!(language, "photo.unreadable"),
        Trouble::Photo(PhotoError::TooLarge) => say!(language, "photo.too_large"),
        Trouble::Store(fault) => {
            let why = fault_words(language, fault);
            say!(language, "photo.not_stored", why = why)
        }
    }
}

/// The photos and signatures of a case: those here at once, the others when asked for.
#[component]
pub fn Photos(case: StoredValue<Case>) -> impl IntoView {
    let words = expect_context::<Desk>().language();
    let added = case.with_value(|it| it.intake.photos.clone());
    if added.is_empty() {
        return ().into_any();
    }
    let (signatures, photos): (Vec<_>, Vec<_>) = added.into_iter().partition(Photo::is_signature);
    // With its number, where it is a photo.
    let enlarged = RwSignal::new(None::<(Hash, Option<usize>)>);
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move |_| {
        if let (Some(dialog), Some(_)) = (dialog.get(), enlarged.get())
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    });
    let alt = move |n: Option<usize>| {
        Signal::derive(move || match n {
            Some(n) => say!(words.get(), "photo.alt", n = n),
            None => say!(words.get(), "signature.title"),
        })
    };
    let item = move |photo: Photo, n: Option<usize>| {
        let hash = photo.photo;
        let enlarge = Callback::new(move |()| enlarged.set(Some((hash, n))));
        view! {
            <li class="photo" data-signature=n.is_none().then_some("")>
                <Picture hash alt=alt(n) enlarge />
                <Caption photo />
            </li>
        }
    };
    let photos = (!photos.is_empty()).then(|| {
        let items = photos.into_iter().zip(1..);
        view! {
            <section class="case-part" data-testid="photos">
                <h3 class="case-part-title">{move || say!(words.get(), "photo.title")}</h3>
                <ul class="photos">{items.map(|(it, n)| item(it, Some(n))).collect_view()}</ul>
            </section>
        }
    });
    let signatures = (!signatures.is_empty()).then(|| {
        view! {
            <section class="case-part" data-testid="signatures">
                <h3 class="case-part-title">{move || say!(words.get(), "signature.title")}</h3>
                <ul class="signatures">{signatures.into_iter().map(|it| item(it, None)).collect_view()}</ul>
            </section>
        }
    });
    let large = move || {
        let (hash, n) = enlarged.get()?;
        Some(view! { <Picture hash alt=alt(n) /> })
    };
    let title = move || enlarged.get().map(|(_, n)| alt(n).get());
    let close = move |_| {
        if let Some(dialog) = dialog.get() {
            dialog.close();
        }
    };
    view! {
        {photos}
        {signatures}
        <dialog class="sheet" data-size="wide" node_ref=dialog aria-labelledby="photo-title"
            on:close=move |_| enlarged.set(None)>
            <header class="sheet-head">
                <h2 class="sheet-title" id="photo-title">{title}</h2>
                <button class="sheet-close" type="button" on:click=close
                    aria-label=move || say!(words.get(), "act.cancel")><Icon name="x" /></button>
            </header>
            <div class="sheet-body photo" data-large="">{large}</div>
        </dialog>
    }
    .into_any()
}

/// By whom, when, and where from (V7); of a signature, when it was drawn and before whom.
#[component]
fn Caption(photo: Photo) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let caption = move || {
        let (rules, language) = (desk.rules().get()?, desk.language().get());
        let by = wording::person(&rules.directory, &photo.by);
        if photo.is_signature() {
            let drawn_at = photo.taken_at.unwrap_or(photo.at);
            let at = time::date_and_time(language, rules.zone().local(drawn_at));
            let before = say!(language, "signature.before", who = by);
            return Some(view! { {at}<br />{before} });
        }
        let at = time::date_and_time(language, rules.zone().local(photo.at));
        let source = act::photo_source(language, photo.source);
        Some(view! { {at}<br />{format!("{by} · {source}")} })
    };
    view! { <p class="photo-caption">{caption}</p> }
}

/// One file, as far as it is here; asked for with one tap where it is not.
#[component]
fn Picture(
    hash: Hash,
    #[prop(into)] alt: Signal<String>,
    /// A tap on what is here.
    #[prop(optional, into)]
    enlarge: Option<Callback<()>>,
) -> impl IntoView {
    let files = expect_context::<FileDesk>();
    let desk = expect_context::<Desk>();
    let words = desk.language();
    let address = RwSignal::new_local(None::<Address>);
    let state = RwSignal::new(None::<FileState>);
    Effect::new(move |_| {
        files.changes().track();
        spawn_local(async move {
            match look(files, hash, address).await {
                Ok(found) => drop(state.try_set(Some(found))),
                Err(fault) => desk.report(fault),
            }
        });
    });
    let progress = Memo::new(move |_| files.coming().read().get(&hash).copied());
    let slug = move || match (address.with(Option::is_some), state.get()) {
        (true, Some(FileState::Owed)) => "owed",
        (true, _) => "here",
        (false, None) => "looking",
        (false, Some(_)) => match progress.get() {
            Some(Progress::Coming { .. }) => "coming",
            Some(_) => "failed",
            None => "away",
        },
    };
    let image = move || {
        address.with(|it| {
            let src = it.as_ref()?.text().to_owned();
            let image = view! { <img class="photo-image" src=src alt=alt /> };
            Some(match enlarge {
                Some(enlarge) => view! {
                    <button class="photo-open" type="button" on:click=move |_| enlarge.run(())>{image}</button>
                }
                .into_any(),
                None => image.into_any(),
            })
        })
    };
    let away = move || {
        let is_away = address.with(Option::is_none) && state.read().is_some();
        is_away.then(|| {
            let fetch = move |_| files.want(hash);
            let is_coming = move || matches!(progress.get(), Some(Progress::Coming { .. }));
            view! {
                <button class="photo-fetch" type="button" disabled=is_coming on:click=fetch>
                    <Icon name="camera" />
                    <span role="status">{move || progress_words(words.get(), progress.get())}</span>
                </button>
            }
        })
    };
    let owed = move || {
        (slug() == "owed")
            .then(|| view! { <span class="photo-note">{say!(words.get(), "photo.owed")}</span> })
    };
    view! {
        <div class="photo-frame" data-photo=hash.to_string() data-state=slug>{image}{away}{owed}</div>
    }
    .into_any()
}

/// How the file stands; makes it visible where it is here and was not.
async fn look(
    files: FileDesk,
    hash: Hash,
    address: RwSignal<Option<Address>, LocalStorage>,
) -> Result<FileState, Fault> {
    let state = files.state(hash).await?;
    let is_whole = match state {
        FileState::Draft | FileState::Owed | FileState::Kept => true,
        FileState::Absent | FileState::Arriving { .. } => false,
    };
    if is_whole && address.try_with_untracked(Option::is_none) == Some(true) {
        match files.bytes(hash).await {
            Ok(Some(bytes)) => drop(address.try_set(Address::of(&bytes))),
            Ok(None) => {}
            // Head office has it: it comes again when somebody asks.
            Err(Fault::Corrupt { .. }) if state == FileState::Kept => {
                files.forget(hash).await?;
                return Ok(FileState::Absent);
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(state)
}

fn progress_words(language: Language, progress: Option<Progress>) -> String {
    match progress {
        None => say!(language, "photo.fetch"),
        Some(Progress::Coming { n_here, n_chunks }) => {
            let percent = (100 * n_here).checked_div(n_chunks).unwrap_or_default();
            say!(language, "photo.coming", percent = percent)
        }
        Some(Progress::NotThere) => say!(language, "photo.not_there"),
        Some(Progress::GaveUp) => say!(language, "photo.gave_up"),
        Some(Progress::NoRoom) => say!(language, "photo.no_room"),
    }
}
