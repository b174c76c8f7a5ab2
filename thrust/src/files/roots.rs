use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::Asked;
use crate::encoding::Encoding;

/// The folders that files may be sent from.
#[derive(Clone)]
pub(crate) struct Roots(Vec<PathBuf>);

/// A file to send.
pub(crate) struct Found {
    pub(super) file: File,
    pub(super) metadata: Metadata,
    /// What it was asked for as; a precompressed one has a longer name.
    pub(super) path: PathBuf,
    pub(super) encoding: Option<Encoding>,
    /// Whether there are other forms of it.
    pub(super) varies: bool,
}

impl Roots {
    /// Folders that are not there count from the moment they are.
    pub(crate) fn new(folders: &[PathBuf]) -> Self {
        Self(folders.to_vec())
    }

    /// Opens a file, in the form that suits the client best.
    ///
    /// # Errors
    /// When it is no file, or not in any of the folders, wherever links lead.
    pub(crate) async fn open(&self, path: PathBuf, asked: &Asked) -> io::Result<Found> {
        let (roots, encodings) = (self.clone(), asked.encodings());
        let opened = tokio::task::spawn_blocking(move || roots.find(path, &encodings));
        opened.await.map_err(io::Error::other)?
    }

    fn find(&self, path: PathBuf, encodings: &[Encoding]) -> io::Result<Found> {
        let (file, metadata) = self.open_one(&path)?;
        let mut varies = false;
        for encoding in [Encoding::Brotli, Encoding::Zstd, Encoding::Gzip] {
            let Ok((file, form)) = self.open_one(&with_suffix(&path, encoding)) else {
                continue;
            };
            // One that is older than the file was made of another.
            if form.modified()? < metadata.modified()? {
                continue;
            }
            varies = true;
            if encodings.contains(&encoding) {
                return Ok(Found {
                    file,
                    metadata: form,
                    path,
                    encoding: Some(encoding),
                    varies,
                });
            }
        }
        Ok(Found {
            file,
            metadata,
            path,
            encoding: None,
            varies,
        })
    }

    fn open_one(&self, path: &Path) -> io::Result<(File, Metadata)> {
        let file = OpenOptions::new()
            .read(true)
            // A pipe would wait for somebody to write into it.
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        // Where the open file is, not where the name led a moment ago.
        let real = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
        if self.hold(&real) {
            Ok((file, metadata))
        } else {
            let real = real.display();
            Err(io::Error::other(format!(
                "{real} is not below a folder of X_SENDFILE_ROOT"
            )))
        }
    }

    fn hold(&self, real: &Path) -> bool {
        let folders = self
            .0
            .iter()
            .filter_map(|folder| folder.canonicalize().ok());
        folders.into_iter().any(|folder| real.starts_with(folder))
    }
}

fn with_suffix(path: &Path, encoding: Encoding) -> PathBuf {
    let suffix = match encoding {
        Encoding::Brotli => ".br",
        Encoding::Zstd => ".zst",
        Encoding::Gzip => ".gz",
    };
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
