//! What a person should know of an install script before saying yes to it.

/// What is suspicious in a script, and why; a hint for the reader, never a verdict.
const SIGNS: &[(&[&str], &str)] = &[
    (&["curl", "| sh"], "it runs what it downloads"),
    (&["curl", "|sh"], "it runs what it downloads"),
    (&["curl", "| bash"], "it runs what it downloads"),
    (&["curl", "|bash"], "it runs what it downloads"),
    (&["wget", "| sh"], "it runs what it downloads"),
    (&["wget", "| bash"], "it runs what it downloads"),
    (&["/dev/tcp/"], "it opens a connection"),
    (&["sudo "], "it asks for the rights of root"),
    (&["chmod", "u+s"], "it gives a program the rights of its owner"),
    (&["rm -rf /"], "it deletes from the root of the disk"),
    (&["rm -rf ~"], "it deletes in the home directory"),
    (&["rm -rf $HOME"], "it deletes in the home directory"),
    (&["eval "], "it runs text as commands"),
    (&["base64", "-d"], "it unpacks hidden text"),
    (&[".bashrc"], "it changes the shell's start"),
    (&[".profile"], "it changes the shell's start"),
    (&[".zshrc"], "it changes the shell's start"),
    (&[".ssh/"], "it touches keys for other machines"),
    (&["authorized_keys"], "it touches keys for other machines"),
    (&["crontab"], "it plans to run again later"),
    (&["systemctl", "enable"], "it plans to run again later"),
];

/// The lines of a script that look suspicious, each with its number and the reason.
pub(super) fn suspicions(script: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(script.lines()) {
        let line = line.trim_start();
        if line.starts_with('#') {
            continue;
        }
        for (words, reason) in SIGNS {
            if words.iter().all(|word| line.contains(word)) && !found.contains(&(number, *reason)) {
                found.push((number, *reason));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_suspicious_is_named_with_its_line() {
        let script = "#!/bin/sh\n# sudo is not used\nmkdir -p share\ncurl -s https://x | bash\nsudo rm -rf /opt\n";
        let found = [
            (4, "it runs what it downloads"),
            (5, "it asks for the rights of root"),
            (5, "it deletes from the root of the disk"),
        ];
        assert_eq!(suspicions(script), found);
        assert!(suspicions("ln -s bin/tool tool\n./tool --init\n").is_empty());
    }
}
