//! A short list of misspellings that slip through; `typos` knows more, where it is installed.

use super::{File, Violation};

/// Wrong and right; the wrong words are cut by a `|` so that this file does not contain them.
const WORDS: &[(&str, &str)] = &[
    ("accomo|date", "accommodate"),
    ("adress", "address"),
    ("alrea|dy exsists", "already exists"),
    ("arch|tecture", "architecture"),
    ("begini|ng", "beginning"),
    ("calender", "calendar"),
    ("commited", "committed"),
    ("consistan|t", "consistent"),
    ("defini|ton", "definition"),
    ("dependan|cy", "dependency"),
    ("existan|ce", "existence"),
    ("explicite|ly", "explicitly"),
    ("immediatly", "immediately"),
    ("independan|t", "independent"),
    ("lengh|t", "length"),
    ("necces|sary", "necessary"),
    ("neccess", "necess"),
    ("occured", "occurred"),
    ("occurence", "occurrence"),
    ("overriden", "overridden"),
    ("pacakge", "package"),
    ("permision", "permission"),
    ("preceed", "precede"),
    ("priviledge", "privilege"),
    ("recieve", "receive"),
    ("recomend", "recommend"),
    ("refered", "referred"),
    ("registery", "registry"),
    ("reposito|y", "repository"),
    ("seperat", "separat"),
    ("successfull ", "successful"),
    ("suport", "support"),
    ("supress", "suppress"),
    ("symobl", "symbol"),
    ("teh ", "the"),
    ("threshhold", "threshold"),
    ("transfered", "transferred"),
    ("truely", "truly"),
    ("untill", "until"),
    ("verfiy", "verify"),
    ("wether", "whether"),
    ("wich ", "which"),
    ("writen", "written"),
];

/// Every misspelling in documents and Rust.
pub(crate) fn check(files: &[File]) -> Vec<Violation> {
    let words: Vec<(String, &str)> = WORDS.iter().map(|(wrong, right)| (wrong.replace('|', ""), *right)).collect();
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| is_prose(&file.path)) {
        for (number, line) in (1..).zip(file.text.lines()) {
            let lower = line.to_lowercase();
            for (wrong, right) in words.iter().filter(|(wrong, _)| begins_a_word(&lower, wrong)) {
                violations
                    .push(Violation::new(format!("{}:{number}", file.path), format!("`{}`: {right}", wrong.trim())));
            }
        }
    }
    violations
}

/// This file has to contain them.
fn is_prose(path: &str) -> bool {
    let extension = std::path::Path::new(path).extension().and_then(std::ffi::OsStr::to_str);
    matches!(extension, Some("md" | "rs" | "toml")) && !path.ends_with("tidy/spelling.rs")
}

fn begins_a_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(index, _)| !line[..index].ends_with(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_are_found_where_words_begin() {
        let file = |text: &str| [File { path: "README.md".to_owned(), text: text.to_owned() }];
        assert_eq!(check(&file("we Recieve it")).len(), 1);
        assert_eq!(check(&file("whether it is")).len(), 0);
        assert_eq!(check(&file("the adress")).len(), 1);
        assert_eq!(check(&file("a plain sentence")).len(), 0);
    }
}
