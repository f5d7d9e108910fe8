//! Puts the page's style sheets into one file. They are forty, so that each stands beside what it styles; a browser would ask
//! for every one of them by itself before it shows or runs anything.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256, Sha384};

use crate::precache::{base64, hex};

const PAGE: &str = "index.html";
const BEGINS: &str = "<link rel=\"stylesheet\" href=\"/";
const ENDS: &str = "/>";

/// In a built app; nothing where there is one sheet or none.
pub fn join(folder: &Path) -> Result<()> {
    let file = folder.join(PAGE);
    if !file.exists() {
        return Ok(());
    }
    let page =
        fs::read_to_string(&file).with_context(|| format!("Failed to read {}", file.display()))?;
    let tags = tags(&page);
    if tags.len() < 2 {
        return Ok(());
    }
    let mut joined = String::new();
    for tag in &tags {
        let name = sheet(tag)?;
        let path = folder.join(name);
        let style = fs::read_to_string(&path)
            .with_context(|| format!("Failed to read {}", path.display()))?;
        let first_only = ["@import", "@charset"];
        if let Some(found) = first_only.into_iter().find(|it| style.contains(it)) {
            bail!("{name} has {found}, which means nothing behind other styles.");
        }
        joined.push_str(&style);
        joined.push('\n');
        fs::remove_file(&path).with_context(|| format!("Failed to remove {}", path.display()))?;
    }
    let mut hash = hex(&Sha256::digest(&joined));
    hash.truncate(16);
    let name = format!("style-{hash}.css");
    let integrity = base64(&Sha384::digest(&joined));
    let one = format!("{BEGINS}{name}\" integrity=\"sha384-{integrity}\"{ENDS}");
    let mut linked = page.replacen(tags[0], &one, 1);
    for tag in &tags[1..] {
        linked = linked.replacen(tag, "", 1);
    }
    fs::write(folder.join(name), joined)?;
    fs::write(&file, linked).with_context(|| format!("Failed to write {}", file.display()))
}

/// Every link to a sheet, in the order that the cascade goes by.
fn tags(page: &str) -> Vec<&str> {
    let begins = page.match_indices(BEGINS).map(|(at, _)| &page[at..]);
    begins
        .filter_map(|it| Some(&it[..it.find(ENDS)? + ENDS.len()]))
        .collect()
}

fn sheet(tag: &str) -> Result<&str> {
    let (name, others) = tag[BEGINS.len()..]
        .split_once('"')
        .with_context(|| format!("{tag} names no file"))?;
    if others.contains(" media=") {
        bail!("{tag} is for some media only, and the joined one is for all.");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::precache::tests::Built;

    const TWO: &str = r#"<head><link rel="icon" href="/a.svg"/><link rel="stylesheet" href="/b-1.css" integrity="sha384-x"/>
<link rel="stylesheet" href="/a-2.css" integrity="sha384-y"/></head>"#;

    #[test]
    fn the_sheets_become_one_in_the_order_of_the_page() {
        let built = Built::new(
            "styles",
            &[("index.html", TWO), ("a-2.css", "a{}"), ("b-1.css", "b{}")],
        );
        join(&built.0).unwrap();
        let page = built.read("index.html");
        let [tag] = tags(&page)[..] else {
            panic!("{page}")
        };
        assert_eq!(built.read(sheet(tag).unwrap()), "b{}\na{}\n");
        // printf 'b{}\na{}\n' | openssl dgst -sha384 -binary | base64
        assert!(
            tag.contains("sha384-2cECX7M3B6BXftiIke7YxAYb8l17fC3y9jDJIjflWjTyJvDGgh3hXrN+rGr5Cmju"),
            "{tag}"
        );
        assert!(page.contains("<link rel=\"icon\" href=\"/a.svg\"/>"));
        assert!(!built.has("a-2.css") && !built.has("b-1.css"));
    }

    #[test]
    fn what_cannot_be_joined_is_said_and_one_sheet_stays() {
        let imports = Built::new(
            "imports",
            &[
                ("index.html", TWO),
                ("a-2.css", "@import 'c.css';"),
                ("b-1.css", ""),
            ],
        );
        let error = join(&imports.0).unwrap_err().to_string();
        assert!(error.contains("a-2.css has @import"), "{error}");

        let print = TWO.replace("integrity=\"sha384-y\"", "media=\"print\"");
        let print = Built::new("media", &[("index.html", &print), ("b-1.css", "")]);
        let error = join(&print.0).unwrap_err().to_string();
        assert!(error.contains("for some media only"), "{error}");

        let page = r#"<link rel="stylesheet" href="/b-1.css"/>"#;
        let one = Built::new("one", &[("index.html", page), ("b-1.css", "b{}")]);
        join(&one.0).unwrap();
        assert_eq!(
            (one.read("index.html").as_str(), one.has("b-1.css")),
            (page, true)
        );
    }
}
