//! Near misses: what somebody probably meant.

/// The candidates closest to `word`, best first, at most `most`; empty when nothing is close enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let wanted = word.to_lowercase();
    let mut scored: Vec<(f64, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let score = strsim::jaro_winkler(&wanted, &lower);
            let contains = lower.contains(&wanted) || (lower.len() > 2 && wanted.contains(&lower));
            (score > 0.84 || (contains && wanted.len() > 2)).then_some((score, candidate))
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored.into_iter().take(most).map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        assert_eq!(nearest("kubctl", ["helm", "kubectl", "jq"], 3), ["kubectl"]);
        assert_eq!(nearest("grep", ["ripgrep", "jq"], 3), ["ripgrep"]);
        assert!(nearest("zzz", ["helm", "kubectl"], 3).is_empty());
    }
}
