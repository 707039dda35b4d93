//! PostgreSQL's SCRAM-SHA-256 verifiers (RFC 5803), so that a role's password never reaches the server in clear: neither its log nor
//! its statistics can hold it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use provost_fleet::secret::Secret;
use sha2::{Digest as _, Sha256};

/// Rounds of a verifier that we make. Rounds make a password that somebody thought of harder to guess from a stolen verifier; ours are
/// drawn from some 130 bits, and no number of rounds counts beside that. But they are paid for with every connection, that is with every
/// page of a site, and by `plan` for every site.
const ITERATIONS: u32 = 1;

/// The verifier of a password with a salt of 16 bytes, as `pg_authid.rolpassword` holds it. Passwords are ASCII here (we generate
/// them), so SASLprep changes nothing.
pub(crate) fn verifier(password: &Secret, salt: &[u8; 16]) -> String {
    verifier_of(password, salt, ITERATIONS)
}

fn verifier_of(password: &Secret, salt: &[u8; 16], iterations: u32) -> String {
    let salted = salted(password.expose().as_bytes(), salt, iterations);
    let stored = Sha256::digest(mac(&salted, b"Client Key"));
    let server = mac(&salted, b"Server Key");
    format!(
        "SCRAM-SHA-256${iterations}:{}${}:{}",
        BASE64.encode(salt),
        BASE64.encode(stored),
        BASE64.encode(server)
    )
}

/// Whether a verifier that was read from a server is that of a password.
pub(crate) fn matches(verifier: &str, password: &Secret) -> bool {
    let Some((iterations, salt)) = parts(verifier) else { return false };
    let salted = salted(password.expose().as_bytes(), &salt, iterations);
    let server = BASE64.encode(mac(&salted, b"Server Key"));
    verifier.rsplit(':').next() == Some(server.as_str())
}

fn parts(verifier: &str) -> Option<(u32, Vec<u8>)> {
    let (iterations, rest) = verifier.strip_prefix("SCRAM-SHA-256$")?.split_once(':')?;
    let (salt, _) = rest.split_once('$')?;
    Some((iterations.parse().ok()?, BASE64.decode(salt).ok()?))
}

/// PBKDF2 with HMAC-SHA-256, one block.
fn salted(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 32] {
    // Taking the key in is half of the work of a round, and the key is always the same.
    let keyed = keyed(password);
    let mut first = salt.to_vec();
    first.extend_from_slice(&1_u32.to_be_bytes());
    let mut last = finished(keyed.clone(), &first);
    let mut all = last;
    for _ in 1..iterations {
        last = finished(keyed.clone(), &last);
        for (into, from) in all.iter_mut().zip(last) {
            *into ^= from;
        }
    }
    all
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    finished(keyed(key), message)
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    Hmac::<Sha256>::new_from_slice(key).expect("any key length")
}

fn finished(mut mac: Hmac<Sha256>, message: &[u8]) -> [u8; 32] {
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verifier_is_postgresqls() {
        // From RFC 7677's example exchange: user `user`, password `pencil`.
        let salt: [u8; 16] = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap().try_into().unwrap();
        let made = verifier_of(&Secret::new("pencil"), &salt, 4096);
        insta::assert_snapshot!(made, @"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
        assert!(matches(&made, &Secret::new("pencil")));
        assert!(!matches(&made, &Secret::new("pencils")));
        assert!(!matches("md5abc", &Secret::new("pencil")));
        // One that was made with another number of rounds is still that of its password.
        let fewer = verifier(&Secret::new("pencil"), &salt);
        assert!(fewer != made && matches(&fewer, &Secret::new("pencil")));
    }
}
