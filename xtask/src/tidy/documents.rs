//! Documents that no longer fit: links to nowhere, and words of the program that no page explains.

use super::{File, Violation};

/// Pages that have to name something the program has.
pub(crate) fn check(files: &[File]) -> Vec<Violation> {
    let mut violations = links(files);
    violations.extend(explained(
        files,
        "crates/ora-core/src/kind.rs",
        "docs/threat-model.md",
        "kind of failure",
        |line| {
            line.trim().split_once("=> \"").and_then(|(_, rest)| rest.split_once('"')).map(|(word, _)| word.to_owned())
        },
    ));
    violations.extend(explained(
        files,
        "crates/ora/src/env.rs",
        "docs/configuration.md",
        "environment variable",
        |line| {
            let (_, rest) = line.split_once("\"ORA_")?;
            rest.split_once('"').map(|(word, _)| format!("ORA_{word}"))
        },
    ));
    violations
}

/// Every relative link of a page that leads to no file of the repository.
fn links(files: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| std::path::Path::new(&file.path).extension().is_some_and(|end| end == "md"))
    {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut code = false;
        for (number, line) in (1..).zip(file.text.lines()) {
            code ^= line.trim_start().starts_with("```");
            if code {
                continue;
            }
            for (_, rest) in line.match_indices("](").map(|(index, found)| line.split_at(index + found.len())) {
                let Some((target, _)) = rest.split_once(')') else { continue };
                let target = target.split('#').next().unwrap_or_default();
                if target.is_empty() || target.contains("://") {
                    continue;
                }
                let Some(path) = joined(folder, target) else {
                    violations.push(Violation::new(
                        format!("{}:{number}", file.path),
                        format!("`{target}` leaves the repository"),
                    ));
                    continue;
                };
                let known = files.iter().any(|other| other.path == path || other.path.starts_with(&format!("{path}/")));
                if !known {
                    violations
                        .push(Violation::new(format!("{}:{number}", file.path), format!("`{target}` leads nowhere")));
                }
            }
        }
    }
    violations
}

/// A relative path, resolved without the disk; `None` when it climbs above the root.
fn joined(folder: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Words of a source file that its page does not contain. Without the source file there is nothing to explain.
fn explained(
    files: &[File],
    source: &str,
    page: &str,
    what: &str,
    word: impl Fn(&str) -> Option<String>,
) -> Vec<Violation> {
    let Some(source) = files.iter().find(|file| file.path == source) else { return Vec::new() };
    let text = files.iter().find(|file| file.path == page).map_or("", |file| file.text.as_str());
    let program = source.text.split("#[cfg(test)]").next().unwrap_or_default();
    program
        .lines()
        .filter_map(word)
        .filter(|word| !text.contains(&format!("`{word}`")))
        .map(|word| Violation::new(page, format!("does not explain the {what} `{word}`")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn links_to_nowhere_are_found() {
        let files = [
            file("README.md", "see [guide](docs/guide.md), [folder](docs) and [web](https://example.org/x)\n"),
            file(
                "docs/guide.md",
                "see [readme](../README.md#why) and [gone](gone.md)\n```\n[code](nothing.md)\n```\n[out](../../x)\n",
            ),
        ];
        let list: Vec<String> = links(&files).iter().map(ToString::to_string).collect();
        assert_eq!(
            list,
            ["docs/guide.md:1: `gone.md` leads nowhere", "docs/guide.md:5: `../../x` leaves the repository"]
        );
    }

    #[test]
    fn unexplained_words_are_found() {
        let kinds = file(
            "crates/ora-core/src/kind.rs",
            "Self::A => \"not-found\",\nSelf::B => \"limit\",\n#[cfg(test)]\nX => \"x\"",
        );
        let page = file("docs/threat-model.md", "| `limit` | too much |");
        let list = check(&[kinds, page]);
        assert_eq!(list.len(), 1);
        assert!(list[0].what.contains("`not-found`"));
    }
}
