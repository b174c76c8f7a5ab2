use std::fmt::Write as _;

use data_encoding::BASE64URL_NOPAD;
use instant_acme::{Account, AccountBuilder, AccountCredentials, ExternalAccountKey, NewAccount};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::{AcmeError, Storage};
use crate::options::Acme;

/// Our account at the authority: the stored one, or a new one.
pub(super) struct Accounts {
    options: Acme,
    external_account: Option<(String, Vec<u8>)>,
    storage: Storage,
    account: Mutex<Option<Account>>,
}

impl Accounts {
    pub(super) fn new(options: Acme, storage: Storage) -> Result<Self, AcmeError> {
        let accounts = Self {
            external_account: external_account(&options)?,
            options,
            storage,
            account: Mutex::default(),
        };
        // A root that cannot be read is the operator's to mend: better said at the start than in every retry.
        accounts.client()?;
        Ok(accounts)
    }

    pub(super) fn directory(&self) -> &str {
        &self.options.directory
    }

    /// The account. Whoever comes first logs in, and the others wait.
    pub(super) async fn get(&self) -> Result<Account, AcmeError> {
        let mut account = self.account.lock().await;
        if let Some(account) = &*account {
            return Ok(account.clone());
        }
        let new = match self.stored().await? {
            Some(credentials) => self.log_in(credentials).await?,
            None => self.sign_up().await?,
        };
        Ok(account.insert(new).clone())
    }

    /// Gives the account up, as the authority does not know it.
    pub(super) async fn forget(&self) -> Result<(), AcmeError> {
        let mut account = self.account.lock().await;
        *account = None;
        let (storage, name) = (self.storage.clone(), self.file());
        spawn_blocking(move || storage.remove(&name)).await?
    }

    async fn stored(&self) -> Result<Option<AccountCredentials>, AcmeError> {
        let (storage, name) = (self.storage.clone(), self.file());
        let text = spawn_blocking(move || storage.read(&name)).await??;
        let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
        parsed.map_err(|source| self.broken(source))
    }

    async fn log_in(&self, credentials: AccountCredentials) -> Result<Account, AcmeError> {
        let account = self.client()?.from_credentials(credentials).await;
        account.map_err(|source| AcmeError::Unreachable {
            directory: self.options.directory.clone(),
            source,
        })
    }

    async fn sign_up(&self) -> Result<Account, AcmeError> {
        let account = NewAccount {
            contact: &[],
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let external = self.external_account.as_ref();
        let external = external.map(|(id, key)| ExternalAccountKey::new(id.clone(), key));
        let directory = self.options.directory.clone();
        let client = self.client()?;
        let created = client.create(&account, directory, external.as_ref()).await;
        let (account, credentials) = created.map_err(|source| self.no_account(source))?;
        self.store(&credentials).await?;
        Ok(account)
    }

    async fn store(&self, credentials: &AccountCredentials) -> Result<(), AcmeError> {
        let text = serde_json::to_string(credentials).map_err(|source| self.broken(source))?;
        let (storage, name) = (self.storage.clone(), self.file());
        spawn_blocking(move || storage.write(&name, &text)).await?
    }

    fn client(&self) -> Result<AccountBuilder, AcmeError> {
        let Some(root) = &self.options.root else {
            return Account::builder().map_err(AcmeError::NoRoots);
        };
        Account::builder_with_root(root).map_err(|source| AcmeError::Root {
            path: root.clone(),
            source,
        })
    }

    /// One for each directory: the escapes keep their names apart.
    fn file(&self) -> String {
        let directory = &self.options.directory;
        let address = directory.strip_prefix("https://").unwrap_or(directory);
        let mut name = "acme_account+".to_owned();
        for byte in address.bytes() {
            if byte.is_ascii_alphanumeric() || b"-.".contains(&byte) {
                name.push(char::from(byte));
            } else {
                // Writing to a text cannot fail.
                let _ = write!(name, "%{byte:02X}");
            }
        }
        name + ".json"
    }

    fn broken(&self, source: serde_json::Error) -> AcmeError {
        let path = self.storage.path(&self.file());
        AcmeError::Account { path, source }
    }

    fn no_account(&self, source: instant_acme::Error) -> AcmeError {
        let directory = self.options.directory.clone();
        match source {
            instant_acme::Error::Api(_) => AcmeError::NoAccount { directory, source },
            source => AcmeError::Unreachable { directory, source },
        }
    }
}

fn external_account(options: &Acme) -> Result<Option<(String, Vec<u8>)>, AcmeError> {
    let Some((id, key)) = &options.external_account else {
        return Ok(None);
    };
    // Some authorities give it padded.
    let key = BASE64URL_NOPAD.decode(key.trim_end_matches('=').as_bytes());
    let key = key.map_err(|_| AcmeError::ExternalAccountKey)?;
    Ok(Some((id.clone(), key)))
}
