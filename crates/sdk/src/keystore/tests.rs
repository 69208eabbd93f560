//! Keys survive their file, and nothing wrong with a file goes unnoticed.

use super::*;
use pkcs8::der::Encode as _;
use types::{
    Digest, Timestamp,
    text::List,
    transaction::{Act, Suite},
};

const DEMO: Strength = Strength::Demonstration;
const PASSPHRASE: &str = "correct horse 电池";

/// A keystore in a folder of its own that goes away with the test.
fn keystore() -> (tempfile::TempDir, Keystore) {
    let folder = tempfile::tempdir().unwrap();
    let keystore = Keystore::open(folder.path().join("keys")).unwrap();
    (folder, keystore)
}

fn body(signer: PublicKey) -> Body {
    Body {
        chain: Digest([1; 32]),
        nonce: 0,
        valid_until: Timestamp(5),
        signers: List::new(vec![signer]).unwrap(),
        acts: List::new(vec![Act { module: 1, call: 1, payload: Default::default() }]).unwrap(),
    }
}

#[test]
fn a_created_key_is_unlocked_again_and_signs_transactions() {
    let (_folder, keystore) = keystore();
    let created = keystore.create("treasurer", PASSPHRASE, DEMO).unwrap();
    let unlocked = keystore.unlock("treasurer", PASSPHRASE).unwrap();
    assert_eq!(unlocked.public_key(), created.public_key());
    let body = body(unlocked.public_key());
    let signature = unlocked.sign_transaction(&body);
    assert!(crypto::verify(&created.public_key(), &body.hash().0, &signature));
}

#[test]
fn a_key_of_full_strength_is_unlocked_again() {
    let (_folder, keystore) = keystore();
    let created = keystore.create("treasurer", PASSPHRASE, Strength::Interactive).unwrap();
    assert_eq!(keystore.unlock("treasurer", PASSPHRASE).unwrap().account(), created.account());
    let short = keystore.create("other", "1234567", Strength::Interactive);
    assert!(matches!(short, Err(KeystoreError::PassphraseTooShort)));
}

#[test]
fn keys_are_listed_by_name_without_passphrases() {
    let (_folder, keystore) = keystore();
    assert_eq!(keystore.list().unwrap(), []);
    let second = keystore.create("maker", PASSPHRASE, DEMO).unwrap();
    let first = keystore.create("checker", PASSPHRASE, DEMO).unwrap();
    fs::write(keystore.folder.join("notes.txt"), "not a key").unwrap();
    let expected = [("checker", first), ("maker", second)].map(|(name, signer)| Listed {
        name: name.to_owned(),
        public_key: signer.public_key(),
        account: signer.account(),
    });
    assert_eq!(keystore.list().unwrap(), expected);
}

#[test]
fn a_wrong_passphrase_is_refused_in_words() {
    let (_folder, keystore) = keystore();
    keystore.create("treasurer", PASSPHRASE, DEMO).unwrap();
    for wrong in ["", "correct horse", "Correct horse 电池"] {
        let error = keystore.unlock("treasurer", wrong).expect_err("the passphrase is wrong");
        assert!(matches!(error, KeystoreError::WrongPassphrase(_)), "{error:?}");
        assert_eq!(error.to_string(), "the passphrase of key `treasurer` is wrong, or its file was damaged");
    }
}

#[test]
fn every_changed_character_of_a_key_file_is_noticed() {
    let (_folder, keystore) = keystore();
    let key = keystore.create("treasurer", PASSPHRASE, DEMO).unwrap();
    let path = keystore.secret_path("treasurer");
    let pem = fs::read_to_string(&path).unwrap();
    for at in 0..pem.len() {
        let mut changed = pem.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        fs::write(&path, &changed).unwrap();
        match keystore.unlock("treasurer", PASSPHRASE) {
            Err(
                KeystoreError::WrongPassphrase(_) | KeystoreError::Malformed { .. } | KeystoreError::OtherKey { .. },
            ) => {}
            Err(other) => panic!("byte {at}: {other:?}"),
            // A character may stand for nothing, as the line's end does; then it is still the same key.
            Ok(signer) => assert_eq!(signer.public_key(), key.public_key(), "byte {at}"),
        }
        // Only the last line's end may be missing.
        fs::write(&path, &pem.as_bytes()[..at]).unwrap();
        assert_eq!(keystore.unlock("treasurer", PASSPHRASE).is_ok(), at + 1 == pem.len(), "cut at {at}");
    }
    fs::write(&path, pem).unwrap();
    assert!(keystore.unlock("treasurer", PASSPHRASE).is_ok());
}

#[test]
fn a_public_part_that_names_another_key_is_noticed() {
    let (_folder, keystore) = keystore();
    keystore.create("mine", PASSPHRASE, DEMO).unwrap();
    keystore.create("theirs", PASSPHRASE, DEMO).unwrap();
    fs::copy(keystore.public_path("theirs"), keystore.public_path("mine")).unwrap();
    assert!(matches!(keystore.unlock("mine", PASSPHRASE), Err(KeystoreError::OtherKey { .. })));

    let path = keystore.public_path("theirs");
    let text = fs::read_to_string(&path).unwrap();
    let public: PublicPart = serde_json::from_str(&text).unwrap();
    let other = PublicKey { suite: Suite(2), ..public.public_key.clone() }.account();
    fs::write(&path, text.replace(&public.account.to_string(), &other.to_string())).unwrap();
    assert!(matches!(keystore.list(), Err(KeystoreError::Malformed { .. })));
    assert!(matches!(keystore.unlock("theirs", PASSPHRASE), Err(KeystoreError::Malformed { .. })));
}

#[test]
fn an_existing_key_is_never_overwritten() {
    let (_folder, keystore) = keystore();
    let first = keystore.create("treasurer", PASSPHRASE, DEMO).unwrap();
    assert!(matches!(keystore.create("treasurer", "another", DEMO), Err(KeystoreError::Exists(_))));
    assert_eq!(keystore.unlock("treasurer", PASSPHRASE).unwrap().account(), first.account());
    assert!(write_new(&keystore.secret_path("treasurer"), b"x").is_err(), "also not by one who raced past the check");
    assert_eq!(keystore.unlock("treasurer", PASSPHRASE).unwrap().account(), first.account());
    assert_eq!(fs::read_dir(&keystore.folder).unwrap().count(), 2, "no draft is left behind");
}

#[test]
fn names_that_could_leave_the_folder_are_refused() {
    let (_folder, keystore) = keystore();
    let long = "a".repeat(65);
    for name in ["", "../up", "a/b", "A", ".hidden", "a b", "名", &long] {
        assert!(matches!(keystore.create(name, PASSPHRASE, DEMO), Err(KeystoreError::Name(_))), "{name}");
        assert!(matches!(keystore.unlock(name, PASSPHRASE), Err(KeystoreError::Name(_))), "{name}");
    }
    assert!(matches!(keystore.unlock("nobody", PASSPHRASE), Err(KeystoreError::Missing(_))));
}

#[test]
#[cfg(unix)]
fn only_the_owner_may_read_a_key_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, keystore) = keystore();
    keystore.create("treasurer", PASSPHRASE, DEMO).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&keystore.secret_path("treasurer")), 0o600);
    assert_eq!(mode(&keystore.folder), 0o700);
}

#[test]
fn the_secret_is_not_in_the_files() {
    let (_folder, keystore) = keystore();
    let key = SigningKey::from_seed(&[0x5a; 32]);
    keystore.import("treasurer", key, PASSPHRASE, DEMO).unwrap();
    for path in [keystore.secret_path("treasurer"), keystore.public_path("treasurer")] {
        let text = fs::read_to_string(path).unwrap();
        assert!(!text.contains("5a5a5a5a"));
        if let Ok((_, document)) = SecretDocument::from_pem(&text) {
            assert!(!document.as_bytes().windows(4).any(|window| window == [0x5a; 4]));
        }
    }
}

#[test]
fn a_key_that_openssl_made_is_imported() {
    // `openssl genpkey -algorithm ed25519`, with the secret of RFC 8032's first test.
    let pem = "-----BEGIN PRIVATE KEY-----\n\
               MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
               -----END PRIVATE KEY-----\n";
    let key = decode_pem(pem, None).unwrap();
    let expected = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    assert_eq!(types::wire::hex_encode(&key.public_key().bytes), expected);
    let (_folder, keystore) = keystore();
    let account = keystore.import("imported", key, PASSPHRASE, DEMO).unwrap().account();

    let encrypted = fs::read_to_string(keystore.secret_path("imported")).unwrap();
    assert_eq!(decode_pem(&encrypted, Some(PASSPHRASE)).unwrap().public_key().account(), account);
    for (text, passphrase) in
        [(encrypted.as_str(), None), (encrypted.as_str(), Some("other")), (pem, Some("")), ("", None)]
    {
        assert!(matches!(decode_pem(text, passphrase), Err(KeystoreError::NotAKey(_))));
    }
}

#[test]
fn a_file_that_asks_for_too_much_memory_or_nonsense_is_refused_at_once() {
    let (_folder, keystore) = keystore();
    keystore.create("treasurer", PASSPHRASE, DEMO).unwrap();
    let path = keystore.secret_path("treasurer");
    let (_, document) = SecretDocument::from_pem(&fs::read_to_string(&path).unwrap()).unwrap();
    for (cost, block_size, passes) in [
        (0, 8, 1),
        (3, 8, 1),
        (1 << 40, 8, 1),
        (1 << 63, 8, 1),
        (1 << 10, 60_000, 1),
        (1 << 10, 0, 1),
        (2, 8, 17),
        (2, 8, 0),
    ] {
        let mut encrypted: EncryptedPrivateKeyInfoRef<'_> = document.decode_msg().unwrap();
        let EncryptionScheme::Pbes2(parameters) = &mut encrypted.encryption_algorithm else {
            panic!("the keystore writes PBES2")
        };
        let pbes2::Kdf::Scrypt(scrypt) = &mut parameters.kdf else { panic!("the keystore writes scrypt") };
        (scrypt.cost_parameter, scrypt.block_size, scrypt.parallelization) = (cost, block_size, passes);
        let changed = SecretDocument::try_from(encrypted.to_der().unwrap()).unwrap();
        fs::write(&path, changed.to_pem(PEM_LABEL_ENCRYPTED, LineEnding::LF).unwrap().as_bytes()).unwrap();
        let error = keystore.unlock("treasurer", PASSPHRASE).expect_err("the cost is out of bounds");
        assert!(matches!(error, KeystoreError::Malformed { .. }), "{cost} {block_size} {passes}: {error:?}");
    }
}
