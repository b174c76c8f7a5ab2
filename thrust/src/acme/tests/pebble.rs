use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use data_encoding::BASE64URL_NOPAD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::{wait_for, wait_until};

/// An account that the authority knows from elsewhere: its id and its key.
pub(super) const EXTERNAL: (&str, &[u8]) = ("kid-1", b"thirty-two bytes for tests only!");

/// What the authority is told.
#[derive(Clone, Copy, Default)]
pub(super) struct Setup {
    /// Where it looks for us.
    pub(super) http: u16,
    pub(super) tls: u16,
    pub(super) external_account: bool,
    /// How many nonces of a hundred it rejects.
    pub(super) rejected_nonces: u8,
    /// How long its certificates live; a long time if 0.
    pub(super) seconds: u64,
}

// Shared with the tests of the running proxy, which know nothing else of this crate.

/// The authority that Let's Encrypt tests with, and a DNS server that leads all domains here. It forgets everything when
/// it stops.
pub(super) struct Pebble {
    folder: TempDir,
    ports: [u16; 4],
    rejected_nonces: u8,
    processes: Vec<Killed>,
}

impl Pebble {
    /// `None`, with a word on it, where it is not installed.
    pub(super) async fn start(setup: Setup) -> Option<Self> {
        let mut pebble = Self::stopped(setup)?;
        pebble.run().await;
        Some(pebble)
    }

    /// Ready to run. `None` as in `start`.
    pub(super) fn stopped(setup: Setup) -> Option<Self> {
        if !is_installed() {
            println!(
                "skipped: `pebble` and `pebble-challtestsrv` (Debian's package `pebble`) are not installed"
            );
            return None;
        }
        let (folder, ports) = (TempDir::new().unwrap(), [(); 4].map(|()| free_port()));
        write_files(folder.path(), ports, setup);
        Some(Self {
            folder,
            ports,
            rejected_nonces: setup.rejected_nonces,
            processes: Vec::new(),
        })
    }

    pub(super) async fn run(&mut self) {
        let [api, _, dns, dns_management] = self.ports;
        let names = Command::new("pebble-challtestsrv")
            .args(["-dns01", &format!("127.0.0.1:{dns}")])
            .args(["-management", &format!("127.0.0.1:{dns_management}")])
            .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""])
            .args(["-http01", "", "-https01", "", "-tlsalpn01", ""])
            .start();
        let authority = Command::new("pebble")
            .args(["-strict", "-dnsserver", &format!("127.0.0.1:{dns}")])
            .arg("-config")
            .arg(self.folder.path().join("pebble.json"))
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", self.rejected_nonces.to_string())
            .start();
        self.processes = vec![names, authority];
        for port in [dns_management, api] {
            wait_until("pebble", async || is_open(port)).await;
        }
    }

    pub(super) fn stop(&mut self) {
        self.processes.clear();
    }

    pub(super) fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.ports[0])
    }

    /// The root of its own address.
    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// The root of the certificates that it gives, in PEM.
    pub(super) async fn issuing_root(&self) -> String {
        let url = format!("https://localhost:{}/roots/0", self.ports[1]);
        wait_for("pebble's root", async || get(&url, &self.root()).await).await
    }
}

/// By curl, as no client of ours speaks HTTPS.
async fn get(url: &str, root: &Path) -> Option<String> {
    let output = tokio::process::Command::new("curl")
        .args(["-sf", "--cacert"])
        .arg(root)
        .arg(url)
        .output()
        .await
        .unwrap();
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap())
}

#[allow(clippy::disallowed_methods, reason = "the switch of a test")]
fn is_installed() -> bool {
    let found =
        ["pebble", "pebble-challtestsrv"].map(|name| Command::new("which").arg(name).output());
    let found = found
        .iter()
        .all(|which| which.as_ref().is_ok_and(|which| which.status.success()));
    assert!(
        found || std::env::var("THRUST_REQUIRE_PEBBLE").is_err(),
        "THRUST_REQUIRE_PEBBLE is set, and `pebble` or `pebble-challtestsrv` is not installed"
    );
    found
}

fn write_files(folder: &Path, [api, management, ..]: [u16; 4], setup: Setup) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Another name than the certificate's, which would else be taken for its own issuer.
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "A test's root");
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &root).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    write("root.pem", &root.pem());
    let mut config = json!({ "pebble": {
        "listenAddress": format!("127.0.0.1:{api}"),
        "managementListenAddress": format!("127.0.0.1:{management}"),
        "certificate": write("tls.crt", &certificate.pem()),
        "privateKey": write("tls.key", &key.serialize_pem()),
        "httpPort": setup.http,
        "tlsPort": setup.tls,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": setup.external_account,
        "externalAccountMACKeys": { (EXTERNAL.0): BASE64URL_NOPAD.encode(EXTERNAL.1) },
    }});
    if setup.seconds > 0 {
        config["pebble"]["certificateValidityPeriod"] = Value::from(setup.seconds);
    }
    write("pebble.json", &config.to_string());
}

/// A port that nobody listens on. Not one of those that the system gives to clients, of whom the tests are many; and no
/// two tests of a process get the same, though none listens there yet.
pub(super) fn free_port() -> u16 {
    static NEXT: LazyLock<AtomicU16> =
        LazyLock::new(|| AtomicU16::new(rand::random_range(10_000..30_000)));
    let mut ports = std::iter::repeat_with(|| NEXT.fetch_add(1, Relaxed));
    ports
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

fn is_open(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

trait Start {
    fn start(&mut self) -> Killed;
}

impl Start for Command {
    fn start(&mut self) -> Killed {
        let null = [(); 3].map(|()| Stdio::null());
        let [stdin, stdout, stderr] = null;
        Killed(
            self.stdin(stdin)
                .stdout(stdout)
                .stderr(stderr)
                .spawn()
                .unwrap(),
        )
    }
}
