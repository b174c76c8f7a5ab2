//! Which content coding a client gets (RFC 9110, 12.5.3).

use http::{HeaderMap, HeaderValue, header};

use crate::options::Compression;

/// A content coding that can be applied here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Brotli,
    Zstd,
    Gzip,
}

impl Encoding {
    pub(crate) const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    fn is_enabled(self, options: Compression) -> bool {
        match self {
            Self::Brotli => options.brotli,
            Self::Zstd => options.zstd,
            Self::Gzip => options.gzip,
        }
    }
}

/// Our own order among codings that the client likes equally well.
pub(crate) struct Preference([Encoding; 3]);

impl Preference {
    /// For what is encoded while the client waits.
    pub(crate) const FAST: Self = Self([Encoding::Zstd, Encoding::Brotli, Encoding::Gzip]);
    /// For what is encoded once and sent often.
    pub(crate) const SMALL: Self = Self([Encoding::Brotli, Encoding::Zstd, Encoding::Gzip]);
}

/// The weights, in thousandths, of the codings in `Accept-Encoding`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepts {
    weights: [u16; 3],
    identity: u16,
}

impl Accepts {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut named = Named::default();
        for value in headers.get_all(header::ACCEPT_ENCODING) {
            value
                .to_str()
                .unwrap_or_default()
                .split(',')
                .for_each(|element| named.read(element));
        }
        named.resolve()
    }

    pub(crate) fn choose(self, options: Compression, preference: &Preference) -> Option<Encoding> {
        let mut best = None;
        let mut weight = 0;
        for encoding in preference.0 {
            if encoding.is_enabled(options) && self.weight(encoding) > weight {
                (best, weight) = (Some(encoding), self.weight(encoding));
            }
        }
        best.filter(|_| weight >= self.identity)
    }

    pub(crate) fn accepts(self, encoding: Encoding) -> bool {
        self.weight(encoding) > 0 && self.weight(encoding) >= self.identity
    }

    /// The codings that are accepted, in one spelling, so that caches hold few variants. `None` where there is none.
    pub(crate) fn normalized(self) -> Option<HeaderValue> {
        const SETS: [&str; 8] = [
            "",
            "br",
            "zstd",
            "br, zstd",
            "gzip",
            "br, gzip",
            "gzip, zstd",
            "br, gzip, zstd",
        ];
        let set = self.set();
        (set > 0).then(|| HeaderValue::from_static(SETS[usize::from(set)]))
    }

    /// The codings that are accepted, one bit each.
    pub(crate) fn set(self) -> u8 {
        let bit = |encoding| u8::from(self.accepts(encoding)) << encoding as u8;
        Encoding::ALL.into_iter().map(bit).sum()
    }

    fn weight(self, encoding: Encoding) -> u16 {
        self.weights[encoding as usize]
    }
}

/// The weights of what was named: a coding that is not falls under `*`.
#[derive(Default)]
struct Named {
    weights: [Option<u16>; 3],
    identity: Option<u16>,
    any: Option<u16>,
}

impl Named {
    fn read(&mut self, element: &str) {
        let (name, parameters) = element.split_once(';').unwrap_or((element, ""));
        let weight = Some(weight(parameters));
        match name.trim() {
            name if name.eq_ignore_ascii_case("br") => {
                self.weights[Encoding::Brotli as usize] = weight;
            }
            name if name.eq_ignore_ascii_case("zstd") => {
                self.weights[Encoding::Zstd as usize] = weight;
            }
            name if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => {
                self.weights[Encoding::Gzip as usize] = weight;
            }
            name if name.eq_ignore_ascii_case("identity") => self.identity = weight,
            "*" => self.any = weight,
            _ => {}
        }
    }

    /// A client that does not name `identity` takes it, but likes anything it did name better.
    fn resolve(self) -> Accepts {
        let any = self.any.unwrap_or(0);
        Accepts {
            weights: self.weights.map(|weight| weight.unwrap_or(any)),
            identity: self.identity.unwrap_or(0),
        }
    }
}

fn weight(parameters: &str) -> u16 {
    let named = |parameter: &str| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("q")
            .then(|| thousandths(value.trim()))
    };
    parameters.split(';').find_map(named).unwrap_or(1000)
}

/// Reads `0.5` as 500. What is no weight counts as refusal: to send plain bytes is never wrong.
fn thousandths(value: &str) -> u16 {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let is_weight = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "1" if is_weight => 1000,
        "0" if is_weight => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}
