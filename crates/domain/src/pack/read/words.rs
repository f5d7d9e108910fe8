//! What an organisation says in its own words: posts, courtesy, pledge, answers (L2, L3).

use super::{known_department, text, texts, word};
use crate::document::Item;
use crate::id::{CapacityId, CategoryId, DepartmentId};
use crate::pack::{
    Capacity, Category, CommonAnswer, Courtesy, PackError, PackProblem, Pledge, Words,
};

pub(super) fn words(item: &Item<'_>) -> Result<Words, PackError> {
    let table = item.table(&["building", "director", "quality", "capacities"])?;
    Ok(Words {
        building: table.get("building").map(|it| text(&it)).transpose()?,
        director: text(&table.need("director")?)?,
        quality: text(&table.need("quality")?)?,
        capacities: capacities(&table.need("capacities")?)?,
    })
}

fn capacities(item: &Item<'_>) -> Result<Vec<Capacity>, PackError> {
    let entries = item.entries()?;
    if entries.is_empty() {
        return Err(item.wrong(PackProblem::Empty));
    }
    let read = |entry: &crate::document::Entry<'_>| {
        let id: CapacityId = entry.key.parse().map_err(|_| {
            entry.wrong_key(PackProblem::Malformed {
                found: entry.key.to_owned(),
                example: "owner",
            })
        })?;
        Ok(Capacity {
            id,
            name: text(&entry.value)?,
        })
    };
    entries.iter().map(read).collect()
}

pub(super) fn courtesy(item: &Item<'_>) -> Result<Vec<Courtesy>, PackError> {
    let read = |item: &Item<'_>| {
        let table = item.table(&["when", "say"])?;
        Ok(Courtesy {
            when: text(&table.need("when")?)?,
            say: text(&table.need("say")?)?,
        })
    };
    item.list()?.iter().map(read).collect()
}

pub(super) fn pledge(item: &Item<'_>) -> Result<Pledge, PackError> {
    let table = item.table(&["title", "lines"])?;
    Ok(Pledge {
        title: text(&table.need("title")?)?,
        lines: texts(&table.need("lines")?)?,
    })
}

pub(super) fn answers(
    item: &Item<'_>,
    departments: &[DepartmentId],
    categories: &[Category],
) -> Result<Vec<CommonAnswer>, PackError> {
    let read = |item: &Item<'_>| {
        let table = item.table(&["question", "answer", "department", "category", "words"])?;
        Ok(CommonAnswer {
            question: text(&table.need("question")?)?,
            answer: text(&table.need("answer")?)?,
            department: table
                .get("department")
                .map(|it| known_department(&it, departments))
                .transpose()?,
            category: table
                .get("category")
                .map(|it| known_category(&it, categories))
                .transpose()?,
            words: table
                .get("words")
                .map_or(Ok(Vec::new()), |it| search_words(&it))?,
        })
    };
    item.list()?.iter().map(read).collect()
}

fn known_category(item: &Item<'_>, categories: &[Category]) -> Result<CategoryId, PackError> {
    let found = item.text()?;
    categories
        .iter()
        .map(|it| &it.id)
        .find(|it| it.as_str() == found)
        .cloned()
        .ok_or_else(|| {
            item.wrong(PackProblem::UnknownWord {
                found: found.to_owned(),
                expected: categories.iter().map(|it| it.id.to_string()).collect(),
            })
        })
}

/// Words by which something is looked for, each once.
pub(super) fn search_words(item: &Item<'_>) -> Result<Vec<String>, PackError> {
    let mut words = Vec::new();
    for item in item.list()? {
        let found = word(&item)?;
        if words.contains(&found) {
            return Err(item.wrong(PackProblem::Duplicate { found }));
        }
        words.push(found);
    }
    if words.is_empty() {
        Err(item.wrong(PackProblem::Empty))
    } else {
        Ok(words)
    }
}
