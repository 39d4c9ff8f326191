//! Files that only their owner may read.

use std::{fs, io, io::Write as _, path::Path};

/// Makes a folder and its parents; new ones are the owner's alone (0700).
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Replaces a file's contents in one step: written beside it (0600) and renamed, so that no reader sees half of it and
/// a failure leaves the old contents. A link stays one: what it points to is replaced.
pub fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    written_beside(&target, contents)?.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

/// The same for a file that is new; fails with `AlreadyExists` for one that is not.
pub fn create_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    written_beside(path, contents)?.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

fn written_beside(path: &Path, contents: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    create_private_folder(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(contents)?;
    Ok(file)
}
