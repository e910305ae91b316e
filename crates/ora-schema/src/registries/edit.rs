//! Changing `registries.toml` without losing anything that is in it.

use std::fmt;

use ora_core::{RegistryName, Sha256};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::{RegistriesError, RegistryEntry};

/// The text of `registries.toml`, to be changed; its text is the new file.
///
/// ```
/// use ora_schema::registries::RegistriesText;
/// let mut text: RegistriesText = "# mine\n[[registry]]\nname = \"official\"\nurl = \"/srv/r\"\n".parse()?;
/// text.set_enabled(&"official".parse()?, false)?;
/// assert_eq!(text.to_string(), "# mine\n[[registry]]\nname = \"official\"\nurl = \"/srv/r\"\nenabled = false\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RegistriesText {
    document: DocumentMut,
}

impl std::str::FromStr for RegistriesText {
    type Err = RegistriesError;
    fn from_str(text: &str) -> Result<Self, RegistriesError> {
        Ok(Self { document: text.parse()? })
    }
}

impl fmt::Display for RegistriesText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.document, f)
    }
}

impl RegistriesText {
    /// Adds a registry at the end; an error when one of that name, whatever the case, is there.
    pub fn add(&mut self, entry: &RegistryEntry) -> Result<(), RegistriesError> {
        if self.position(&entry.name)?.is_some() {
            return Err(RegistriesError::Taken { name: entry.name.clone() });
        }
        self.list()?.push(written(entry));
        Ok(())
    }

    /// Removes a registry; whether it was there.
    pub fn remove(&mut self, name: &RegistryName) -> Result<bool, RegistriesError> {
        let Some(at) = self.position(name)? else { return Ok(false) };
        self.list()?.remove(at);
        Ok(true)
    }

    /// Says whether a registry is asked. A registry that only `config.toml` has gets an entry here.
    pub fn set_enabled(&mut self, name: &RegistryName, enabled: bool) -> Result<(), RegistriesError> {
        self.entry(name)?["enabled"] = value(enabled);
        Ok(())
    }

    /// Says where the durable clone is, or that there is none.
    pub fn set_local_clone(&mut self, name: &RegistryName, folder: Option<&str>) -> Result<(), RegistriesError> {
        let entry = self.entry(name)?;
        match folder {
            Some(folder) => entry["local_clone"] = value(folder),
            None => {
                entry.remove("local_clone");
            }
        }
        Ok(())
    }

    /// Pins the server's certificate and key, or takes a pin away.
    pub fn set_pins(
        &mut self,
        name: &RegistryName,
        certificate: Option<Sha256>,
        public_key: Option<Sha256>,
    ) -> Result<(), RegistriesError> {
        let entry = self.entry(name)?;
        let tls = entry.entry("tls").or_insert_with(|| Item::Table(Table::new()));
        let Some(tls) = tls.as_table_like_mut() else { return Err(RegistriesError::NoList) };
        for (key, pin) in [("cert_fingerprint", certificate), ("public_key_pin", public_key)] {
            match pin {
                Some(pin) => {
                    tls.insert(key, value(pin.to_string()));
                }
                None => {
                    tls.remove(key);
                }
            }
        }
        if tls.is_empty() {
            entry.remove("tls");
        }
        Ok(())
    }

    fn list(&mut self) -> Result<&mut ArrayOfTables, RegistriesError> {
        let item = self.document.entry("registry").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        if let Some(tables) = item.as_array().filter(|list| list.iter().all(toml_edit::Value::is_inline_table)) {
            // Written as `registry = [{…}]`: the same, in the spelling that grows.
            let tables =
                tables.iter().filter_map(|one| one.as_inline_table().cloned()).map(toml_edit::InlineTable::into_table);
            *item = Item::ArrayOfTables(tables.collect());
        }
        item.as_array_of_tables_mut().ok_or(RegistriesError::NoList)
    }

    fn position(&mut self, name: &RegistryName) -> Result<Option<usize>, RegistriesError> {
        let is_it = |table: &Table| {
            table.get("name").and_then(Item::as_str).is_some_and(|known| known.eq_ignore_ascii_case(name.as_str()))
        };
        Ok(self.list()?.iter().position(is_it))
    }

    fn entry(&mut self, name: &RegistryName) -> Result<&mut Table, RegistriesError> {
        let at = self.position(name)?;
        let list = self.list()?;
        let at = at.unwrap_or_else(|| {
            list.push(written(&RegistryEntry::new(name.clone())));
            list.len() - 1
        });
        list.get_mut(at).ok_or(RegistriesError::NoList)
    }
}

/// An entry as a table, in the order of the documentation.
fn written(entry: &RegistryEntry) -> Table {
    let mut table = Table::new();
    table.insert("name", value(entry.name.as_str()));
    let texts = [
        ("type", entry.kind.map(|kind| kind.word().to_owned())),
        ("url", entry.url.clone()),
        ("trust_level", entry.trust_level.map(|trust| trust.word().to_owned())),
        ("branch", entry.branch.clone()),
        ("registry_dir", entry.registry_dir.clone()),
        ("gpg_key", entry.gpg_key.clone()),
        ("local_clone", entry.local_clone.clone()),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            table.insert(key, value(text));
        }
    }
    if let Some(priority) = entry.priority {
        table.insert("priority", value(i64::try_from(priority).unwrap_or(i64::MAX)));
    }
    for (key, switch) in [("enabled", entry.enabled), ("offline_mode", entry.offline_mode)] {
        if let Some(switch) = switch {
            table.insert(key, value(switch));
        }
    }
    let mut tls = Table::new();
    let options = [
        ("ca_cert", entry.tls.ca_cert.clone()),
        ("ca_cert_inline", entry.tls.ca_cert_inline.clone()),
        ("cert_fingerprint", entry.tls.cert_fingerprint.map(|pin| pin.to_string())),
        ("public_key_pin", entry.tls.public_key_pin.map(|pin| pin.to_string())),
    ];
    for (key, text) in options {
        if let Some(text) = text {
            tls.insert(key, value(text));
        }
    }
    if !tls.is_empty() {
        table.insert("tls", Item::Table(tls));
    }
    table
}
