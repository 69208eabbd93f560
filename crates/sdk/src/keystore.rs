//! Keys on their owner's side: one encrypted PKCS#8 file per key, and beside it what anyone may see.
//!
//! ```text
//!   keys/treasurer.pem    the secret: PKCS#8, PBES2 with scrypt and AES-256-CBC, mode 0600
//!   keys/treasurer.json   suite, public key and account: listed without a passphrase, checked at every unlock
//! ```
//! The format is the standard one (RFC 5208, RFC 8018, RFC 7914, RFC 8410), so a key can be kept and opened without
//! this program. The cipher alone does not notice a changed file; that the secret belongs to the public part does.
//!
//! Invariant: a secret is on disk only encrypted, and in memory only while its [`Signer`] lives.

use crypto::SigningKey;
use pkcs8::{
    EncryptedPrivateKeyInfoRef, LineEnding, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument,
    der::asn1::OctetStringRef,
    pkcs5::{EncryptionScheme, pbes2, scrypt},
    spki::AlgorithmIdentifierRef,
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};
use thiserror::Error;
use types::{
    AccountId, Signature,
    transaction::{Body, PublicKey},
};
use zeroize::Zeroizing;

/// Ed25519 in PKCS#8 (RFC 8410).
const ED25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// A seed inside PKCS#8: an octet string of 32 bytes in an octet string.
const SEED_PREFIX: [u8; 2] = [0x04, 0x20];
const PEM_LABEL_ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
const PEM_LABEL_PLAIN: &str = "PRIVATE KEY";

/// A key file has under 1 KB; a larger one is no key file.
const FILE_BYTES_MAX: u64 = 16 * 1024;
/// Characters of a key's name.
const NAME_BYTES_MAX: usize = 64;
/// Shortest passphrase for [`Strength::Interactive`].
const PASSPHRASE_CHARS_MIN: usize = 8;
/// Most memory that unlocking may ask for: a file from elsewhere names its own cost.
const SCRYPT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Most passes over that memory.
const SCRYPT_PASSES_MAX: u16 = 16;

/// How hard guessing a passphrase is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strength {
    /// scrypt with 128 MiB per guess, some tenths of a second: for every real key.
    Interactive,
    /// scrypt with 1 MiB per guess, milliseconds: for tests and demonstrations, whose keys protect nothing.
    Demonstration,
}

impl Strength {
    fn params(self) -> scrypt::Params {
        let log_n = match self {
            Self::Interactive => 17,
            Self::Demonstration => 10,
        };
        scrypt::Params::new(log_n, 8, 1).expect("both are within scrypt's ranges")
    }
}

/// What can go wrong with a keystore.
#[derive(Debug, Error)]
pub enum KeystoreError {
    #[error("`{0}` is not a key name: use 1 to 64 of a-z, 0-9, `-` and `_`")]
    Name(String),
    #[error("key `{0}` exists already: choose another name or move its file away")]
    Exists(String),
    #[error("there is no key `{0}` in this keystore")]
    Missing(String),
    #[error("the passphrase is too short: at least 8 characters")]
    PassphraseTooShort,
    #[error("the passphrase of key `{0}` is wrong, or its file was damaged")]
    WrongPassphrase(String),
    #[error("key `{name}` is not the one its public file names: expected {expected}, found {found}")]
    OtherKey { name: String, expected: AccountId, found: AccountId },
    #[error("{path} is not a file of this keystore: {detail}", path = path.display())]
    Malformed { path: PathBuf, detail: String },
    #[error("{action} {path}", path = path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("ask the operating system for randomness")]
    Randomness(#[source] getrandom::Error),
    #[error("not a PKCS#8 Ed25519 private key in PEM: {0}")]
    NotAKey(String),
}

/// The public part of a key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicPart {
    pub public_key: PublicKey,
    pub account: AccountId,
}

/// A key as it is listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    pub name: String,
    pub public_key: PublicKey,
    pub account: AccountId,
}

/// An unlocked key.
#[derive(Debug)]
pub struct Signer(SigningKey);

impl Signer {
    /// A signer of a key that is in no keystore: for tests, and for keys that live only as long as the program.
    pub fn of_key(key: SigningKey) -> Self {
        Self(key)
    }

    pub fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }

    pub fn account(&self) -> AccountId {
        self.public_key().account()
    }

    /// The signature over the body's hash: over everything in it.
    pub fn sign_transaction(&self, body: &Body) -> Signature {
        self.0.sign(&body.hash().0)
    }
}

/// A folder of keys.
#[derive(Clone, Debug)]
pub struct Keystore {
    folder: PathBuf,
}

impl Keystore {
    /// The keystore in `folder`, which is made when it is not there.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, KeystoreError> {
        let folder = folder.into();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(failed("create folder", &folder))?;
        Ok(Self { folder })
    }

    /// Makes a new key.
    pub fn create(&self, name: &str, passphrase: &str, strength: Strength) -> Result<Signer, KeystoreError> {
        let key = SigningKey::generate().map_err(KeystoreError::Randomness)?;
        self.import(name, key, passphrase, strength)
    }

    /// Stores a key that exists already; [`decode_pem`] reads one from elsewhere.
    pub fn import(
        &self,
        name: &str,
        key: SigningKey,
        passphrase: &str,
        strength: Strength,
    ) -> Result<Signer, KeystoreError> {
        check_name(name)?;
        check_passphrase(passphrase, strength)?;
        let (secret_path, public_path) = (self.secret_path(name), self.public_path(name));
        // Seen before the slow encryption, and before the public part of the older key would be overwritten.
        if secret_path.try_exists().map_err(failed("look for", &secret_path))? {
            return Err(KeystoreError::Exists(name.to_owned()));
        }
        let pem = encode_pem(&key, passphrase, strength)?;
        let public_key = key.public_key();
        let public = PublicPart { account: public_key.account(), public_key };
        let public = serde_json::to_string_pretty(&public).expect("a public part is plain data") + "\n";
        // A key exists from the moment its secret is there, so the public part comes first.
        replace(&public_path, public.as_bytes())?;
        match write_new(&secret_path, pem.as_bytes()) {
            Err(KeystoreError::File { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
                Err(KeystoreError::Exists(name.to_owned()))
            }
            other => other.map(|()| Signer(key)),
        }
    }

    /// Decrypts a key and checks that it is the one its public part names.
    pub fn unlock(&self, name: &str, passphrase: &str) -> Result<Signer, KeystoreError> {
        let public = self.public_part(name)?;
        let path = self.secret_path(name);
        let pem = Zeroizing::new(read(&path)?.ok_or_else(|| KeystoreError::Missing(name.to_owned()))?);
        let malformed = |detail: String| KeystoreError::Malformed { path: path.clone(), detail };
        let document = parse_pem(&pem, PEM_LABEL_ENCRYPTED).map_err(malformed)?;
        let encrypted = parse_encrypted(&document).map_err(malformed)?;
        let wrong = || KeystoreError::WrongPassphrase(name.to_owned());
        let plain = encrypted.decrypt(passphrase).map_err(|_| wrong())?;
        let key = parse_plain(&plain).map_err(|_| wrong())?;
        let found = key.public_key();
        if found != public.public_key {
            return Err(KeystoreError::OtherKey {
                name: name.to_owned(),
                expected: public.account,
                found: found.account(),
            });
        }
        Ok(Signer(key))
    }

    /// The public part of one key, without its passphrase.
    pub fn public_part(&self, name: &str) -> Result<PublicPart, KeystoreError> {
        check_name(name)?;
        let path = self.public_path(name);
        let text = read(&path)?.ok_or_else(|| KeystoreError::Missing(name.to_owned()))?;
        let malformed = |detail: String| KeystoreError::Malformed { path: path.clone(), detail };
        let public: PublicPart = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        if public.account != public.public_key.account() {
            return Err(malformed("the account is not that of the public key".to_owned()));
        }
        Ok(public)
    }

    /// Every key by name, without passphrases.
    pub fn list(&self) -> Result<Vec<Listed>, KeystoreError> {
        let action = "list";
        let mut listed = Vec::new();
        for file in fs::read_dir(&self.folder).map_err(failed(action, &self.folder))? {
            let file = file.map_err(failed(action, &self.folder))?.file_name();
            let Some(name) = file.to_str().and_then(|file| file.strip_suffix(".pem")) else { continue };
            if check_name(name).is_ok() {
                let PublicPart { public_key, account } = self.public_part(name)?;
                listed.push(Listed { name: name.to_owned(), public_key, account });
            }
        }
        listed.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(listed)
    }

    fn secret_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.pem"))
    }

    fn public_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }
}

/// A key from PKCS#8 PEM that another program wrote: encrypted when a passphrase is given, plain otherwise
/// (`openssl genpkey -algorithm ed25519`).
pub fn decode_pem(pem: &str, passphrase: Option<&str>) -> Result<SigningKey, KeystoreError> {
    let key = match passphrase {
        None => parse_pem(pem, PEM_LABEL_PLAIN).and_then(|document| parse_plain(&document)),
        Some(passphrase) => parse_pem(pem, PEM_LABEL_ENCRYPTED).and_then(|document| {
            let plain = parse_encrypted(&document)?.decrypt(passphrase);
            parse_plain(&plain.map_err(|_| "the passphrase is wrong, or the text was damaged".to_owned())?)
        }),
    };
    key.map_err(KeystoreError::NotAKey)
}

/// The key in encrypted PEM: the content of a key file.
fn encode_pem(key: &SigningKey, passphrase: &str, strength: Strength) -> Result<Zeroizing<String>, KeystoreError> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    getrandom::fill(&mut salt).map_err(KeystoreError::Randomness)?;
    getrandom::fill(&mut iv).map_err(KeystoreError::Randomness)?;
    let seed = Zeroizing::new([SEED_PREFIX.as_slice(), key.seed().as_slice()].concat());
    let parameters = pbes2::Parameters::generate_scrypt_aes256cbc(strength.params(), &salt, iv);
    let pem = parameters.map_err(pkcs8::Error::from).and_then(|parameters| {
        let algorithm = AlgorithmIdentifierRef { oid: ED25519_OID, parameters: None };
        let plain = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&seed)?);
        let encrypted = plain.encrypt_with_params(parameters, passphrase)?;
        Ok(encrypted.to_pem(PEM_LABEL_ENCRYPTED, LineEnding::LF)?)
    });
    Ok(pem.expect("a 34-byte secret and fixed parameters are within the format's limits"))
}

fn parse_pem(pem: &str, label_expected: &str) -> Result<SecretDocument, String> {
    let (label, document) = SecretDocument::from_pem(pem).map_err(|error| error.to_string())?;
    if label != label_expected {
        return Err(format!("a PEM file of `{label_expected}` was expected, not of `{label}`"));
    }
    Ok(document)
}

/// The encrypted key in a document, if it is PBES2 with a bearable cost.
fn parse_encrypted(document: &SecretDocument) -> Result<EncryptedPrivateKeyInfoRef<'_>, String> {
    let encrypted: EncryptedPrivateKeyInfoRef<'_> =
        document.decode_msg().map_err(|error: pkcs8::der::Error| error.to_string())?;
    let EncryptionScheme::Pbes2(parameters) = &encrypted.encryption_algorithm else {
        return Err("only PBES2 encryption is read".to_owned());
    };
    let Some(cost) = parameters.kdf.scrypt() else {
        return Err("only scrypt as key derivation is read".to_owned());
    };
    let bytes = cost.cost_parameter.checked_mul(128 * u64::from(cost.block_size));
    let bearable = cost.cost_parameter.is_power_of_two()
        && (1..=SCRYPT_BYTES_MAX).contains(&bytes.unwrap_or(u64::MAX))
        && (1..=SCRYPT_PASSES_MAX).contains(&cost.parallelization);
    if bearable { Ok(encrypted) } else { Err("its scrypt parameters are invalid or ask for too much".to_owned()) }
}

fn parse_plain(document: &SecretDocument) -> Result<SigningKey, String> {
    let plain: PrivateKeyInfoRef<'_> = document.decode_msg().map_err(|error: pkcs8::der::Error| error.to_string())?;
    if plain.algorithm.oid != ED25519_OID {
        return Err(format!("the key's algorithm is {}, not Ed25519", plain.algorithm.oid));
    }
    let seed = plain.private_key.as_bytes().strip_prefix(&SEED_PREFIX);
    let seed = seed.and_then(|seed| <&[u8; crypto::SEED_BYTES]>::try_from(seed).ok());
    seed.map(SigningKey::from_seed).ok_or_else(|| "the secret has not 32 bytes".to_owned())
}

/// Names are lower-case and plain, so that they are safe in a path and differ on every file system.
fn check_name(name: &str) -> Result<(), KeystoreError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain) {
        Ok(())
    } else {
        Err(KeystoreError::Name(name.to_owned()))
    }
}

fn check_passphrase(passphrase: &str, strength: Strength) -> Result<(), KeystoreError> {
    match strength {
        Strength::Interactive if passphrase.chars().count() < PASSPHRASE_CHARS_MIN => {
            Err(KeystoreError::PassphraseTooShort)
        }
        Strength::Interactive | Strength::Demonstration => Ok(()),
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeystoreError {
    let path = path.to_owned();
    move |source| KeystoreError::File { action, path, source }
}

/// A file's text; `None` when there is no file.
fn read(path: &Path) -> Result<Option<String>, KeystoreError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed("open", path))?,
    };
    // Room for all of it at once, so that no outgrown buffer with a secret stays behind in memory.
    let mut text = String::with_capacity(usize::try_from(FILE_BYTES_MAX).expect("16 KiB"));
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed("read", path))?;
    Ok(Some(text))
}

/// Writes a file that only its owner can read, whole or not at all; an existing one is left alone.
fn write_new(path: &Path, content: &[u8]) -> Result<(), KeystoreError> {
    let draft = write_draft(path, content)?;
    // Unlike a rename, a link fails when the name is taken.
    let linked = fs::hard_link(&draft, path).map_err(failed("create", path));
    fs::remove_file(&draft).map_err(failed("remove", &draft))?;
    linked?;
    sync_folder(path)
}

/// [`write_new`], but an existing file is replaced.
fn replace(path: &Path, content: &[u8]) -> Result<(), KeystoreError> {
    let draft = write_draft(path, content)?;
    fs::rename(&draft, path).map_err(failed("create", path))?;
    sync_folder(path)
}

fn write_draft(path: &Path, content: &[u8]) -> Result<PathBuf, KeystoreError> {
    let mut tag = [0; 8];
    getrandom::fill(&mut tag).map_err(KeystoreError::Randomness)?;
    let draft = path.with_extension(format!("draft-{:016x}", u64::from_le_bytes(tag)));
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = |mut file: File| file.write_all(content).and_then(|()| file.sync_all());
    options.open(&draft).and_then(write).map_err(failed("write", &draft))?;
    Ok(draft)
}

/// Makes a new name durable.
fn sync_folder(path: &Path) -> Result<(), KeystoreError> {
    let folder = path.parent().expect("a key file lies in its keystore's folder");
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync", folder))
}

#[cfg(test)]
mod tests;
