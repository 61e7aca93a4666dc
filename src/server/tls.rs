//! The host's certificate: made on first use and kept, or read from files that somebody else renews. What is encrypted with
//! it is `wire`'s, who trusts it the client's.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::protocol::fingerprint::Fingerprint;

/// Files of the certificate that a host made for itself, in its data folder.
const OWN_CERTIFICATE: &str = "host-cert.pem";
const OWN_KEY: &str = "host-key.pem";

/// The largest file that is read as a certificate or a key: a chain of a dozen. Larger is something else.
const FILE_BYTES: u64 = 256 * 1024;

/// Why a host has no certificate. The sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or made.
    #[error("{path}: {why}")]
    Io {
        /// Which.
        path: String,
        /// What the system says.
        why: io::Error,
    },
    /// It holds something else.
    #[error("{path} holds no {what} in PEM form: give the file that your certificate authority or ACME client wrote")]
    NotPem {
        /// Which.
        path: String,
        /// What was looked for.
        what: &'static str,
    },
    /// The two do not belong together, or are of a kind that is not known.
    #[error("{cert} and {key} cannot be used together: {why}")]
    Unusable {
        /// The certificate's file.
        cert: String,
        /// The key's.
        key: String,
        /// Why.
        why: String,
    },
    /// None could be made.
    #[error("no certificate can be made: {0}")]
    NotMade(String),
}

/// What a host needs to speak TLS.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    current: Arc<Current>,
    files: (PathBuf, PathBuf),
}

/// The certificate of now: connections that come later get the one that was read last.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Tls {
    /// The host's own, in this folder; made for these names when there is none yet. Clients go by its fingerprint, so that
    /// names and times in it matter to browsers alone.
    pub fn own(dir: &Path, names: &[String]) -> Result<Tls, TlsError> {
        let files = (dir.join(OWN_CERTIFICATE), dir.join(OWN_KEY));
        if !files.0.exists() || !files.1.exists() {
            make(dir, &files.0, &files.1, names)?;
        }
        Tls::from_files(&files.0, &files.1)
    }

    /// From a chain and its key, both PEM.
    pub fn from_files(cert: &Path, key: &Path) -> Result<Tls, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let current = Arc::new(Current(RwLock::new(Arc::new(read(cert, key, &provider)?))));
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|e| TlsError::NotMade(e.to_string()))?;
        let mut config = config.with_no_client_auth().with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls { config: Arc::new(config), current, files: (cert.to_owned(), key.to_owned()) })
    }

    /// Reads the files again, for connections from now on. On an error the old certificate stays.
    pub fn reload(&self) -> Result<Fingerprint, TlsError> {
        let provider = self.config.crypto_provider().clone();
        let new = Arc::new(read(&self.files.0, &self.files.1, &provider)?);
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(self.fingerprint())
    }

    /// What the certificate of now is recognised by.
    pub fn fingerprint(&self) -> Fingerprint {
        let key = self.current.0.read().unwrap_or_else(PoisonError::into_inner);
        key.cert.first().map_or(Fingerprint([0; 16]), |cert| Fingerprint::of(cert))
    }

    /// Whether the host made it itself, so that nobody else vouches for it.
    pub fn is_own(&self) -> bool {
        self.files.0.file_name().is_some_and(|name| name == OWN_CERTIFICATE)
    }

    /// For the handshake.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }
}

fn read(cert: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let shown = |path: &Path| path.display().to_string();
    let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(&bytes(cert)?).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| TlsError::NotPem { path: shown(cert), what: "certificate" })?;
    let secret = PrivateKeyDer::from_pem_slice(&bytes(key)?);
    let secret = secret.map_err(|_| TlsError::NotPem { path: shown(key), what: "private key" })?;
    CertifiedKey::from_der(chain, secret, provider).map_err(|e| TlsError::Unusable {
        cert: shown(cert),
        key: shown(key),
        why: e.to_string(),
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    use std::io::Read;
    let failed = |why| TlsError::Io { path: path.display().to_string(), why };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(FILE_BYTES).read_to_end(&mut bytes)).map_err(failed)?;
    Ok(bytes)
}

/// The key first: a certificate without one is made anew, a key without a certificate would be nobody's.
fn make(dir: &Path, cert: &Path, key: &Path, names: &[String]) -> Result<(), TlsError> {
    let failed = |path: &Path, why| TlsError::Io { path: path.display().to_string(), why };
    let mut all = vec!["localhost".to_owned()];
    all.extend(names.iter().map(|name| name.rsplit_once(':').map_or(name.as_str(), |(host, _)| host).to_owned()));
    let made = rcgen::generate_simple_self_signed(all).map_err(|e| TlsError::NotMade(e.to_string()))?;
    let write = |path: &Path, text: &str| -> Result<(), TlsError> {
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(path, e)),
            _ => {}
        }
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|e| failed(path, e))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|e| failed(path, e))
    };
    write(key, &made.signing_key.serialize_pem())?;
    write(cert, &made.cert.pem())?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|e| failed(dir, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn made_once_and_kept_to_oneself() {
        let dir = tempfile::tempdir().expect("a folder");
        let first = Tls::own(dir.path(), &["chat.example:8080".into()]).expect("made").fingerprint();
        assert_eq!(Tls::own(dir.path(), &[]).expect("read").fingerprint(), first);
        let mode = fs::metadata(dir.path().join(OWN_KEY)).expect("it is there").mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn files_that_are_none_are_named_and_a_bad_renewal_changes_nothing() {
        let (one, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let tls = Tls::own(one.path(), &[]).expect("made");
        let second = Tls::own(other.path(), &[]).expect("made").fingerprint();
        let (cert, key) = (one.path().join(OWN_CERTIFICATE), one.path().join(OWN_KEY));
        let error = |cert: &Path, key: &Path| Tls::from_files(cert, key).err().expect("refused").to_string();
        assert!(error(&key, &key).contains("no certificate in PEM form"));
        assert!(error(&cert, &cert).contains("no private key in PEM form"));
        assert!(error(&one.path().join("none"), &key).contains("none: "));
        assert!(error(&cert, &other.path().join(OWN_KEY)).contains("cannot be used together"));

        let before = tls.fingerprint();
        fs::write(&cert, "nonsense").expect("written");
        assert!(tls.reload().is_err());
        assert_eq!(tls.fingerprint(), before);
        for file in [OWN_CERTIFICATE, OWN_KEY] {
            fs::copy(other.path().join(file), one.path().join(file)).expect("renewed");
        }
        assert_eq!(tls.reload().expect("read"), second);
    }
}
