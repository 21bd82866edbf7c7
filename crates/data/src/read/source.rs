use crate::DataError;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Where bytes come from; a gzip wrapper is recognised by its first bytes and taken off.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A file.
    File(&'a Path),
    /// Bytes that are already here, such as those of standard input.
    Bytes {
        /// What errors call them.
        name: &'a str,
        /// The bytes.
        bytes: &'a [u8],
    },
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The part of a text in which a line ends somewhere.
const FIRST_LINE: usize = 1 << 16;

impl<'a> Source<'a> {
    /// What errors call it.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Bytes { name, .. } => (*name).into(),
        }
    }

    /// The last part of its name, without `.gz`.
    #[must_use]
    pub fn stem(&self) -> String {
        let place = self.place();
        let name = Path::new(&place).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or(place);
        name.strip_suffix(".gz").map(Into::into).unwrap_or(name)
    }

    /// An error about the whole of it.
    pub(crate) fn fail(&self, reason: impl Into<String>) -> DataError {
        DataError::file(&self.place(), reason)
    }

    /// What an error while reading means.
    pub(crate) fn broken(&self, error: &std::io::Error) -> DataError {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                self.fail(format!("is damaged or cut off ({error}): get the file again"))
            }
            _ => self.fail(format!("cannot be read: {error}")),
        }
    }

    /// Starts reading, from the beginning each time it is called.
    ///
    /// # Errors
    /// Where there is no such file, or it may not be read.
    pub fn open(&self) -> Result<Box<dyn BufRead + 'a>, DataError> {
        let mut plain: Box<dyn BufRead + 'a> = match *self {
            Self::Bytes { bytes, .. } => Box::new(bytes),
            Self::File(path) => {
                if path.is_dir() {
                    return Err(self.fail("is a folder, where a file is needed"));
                }
                let file = File::open(path).map_err(|e| match e.kind() {
                    std::io::ErrorKind::NotFound => self.fail("there is no such file: check the path"),
                    _ => self.broken(&e),
                })?;
                Box::new(BufReader::with_capacity(1 << 17, file))
            }
        };
        let start = plain.fill_buf().map_err(|e| self.broken(&e))?;
        if !start.starts_with(&GZIP) {
            return Ok(plain);
        }
        let unpacked = flate2::bufread::MultiGzDecoder::new(plain);
        Ok(Box::new(BufReader::with_capacity(1 << 17, unpacked)))
    }

    /// Starts reading lines, each of which then ends with a line feed, whether in the file that is a line feed, a carriage return
    /// or both: so lines are told apart and counted alike.
    pub(crate) fn open_lines(&self) -> Result<Box<dyn BufRead + 'a>, DataError> {
        let is_plain = !self.start(FIRST_LINE)?.contains(&b'\r');
        let reader = self.open()?;
        if is_plain {
            return Ok(reader);
        }
        let lines = UniversalNewlines { inner: reader, after_return: false };
        Ok(Box::new(BufReader::with_capacity(1 << 17, lines)))
    }

    /// Everything, unpacked.
    ///
    /// # Errors
    /// Where it cannot be read, or is longer than `limit` bytes.
    pub fn read(&self, limit: u64) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        let mut reader = self.open()?.take(limit.saturating_add(1));
        reader.read_to_end(&mut bytes).map_err(|e| self.broken(&e))?;
        if bytes.len() as u64 > limit {
            return Err(self.fail(format!("is longer than {limit} bytes, the most that is read here")));
        }
        Ok(bytes)
    }

    /// The first bytes, unpacked: at most `most`.
    pub(crate) fn start(&self, most: usize) -> Result<Vec<u8>, DataError> {
        self.first(self.open()?, most)
    }

    /// The first bytes as [`open_lines`](Self::open_lines) gives them: at most `most`.
    pub(crate) fn start_of_lines(&self, most: usize) -> Result<Vec<u8>, DataError> {
        self.first(self.open_lines()?, most)
    }

    fn first(&self, reader: impl Read, most: usize) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        reader.take(most as u64).read_to_end(&mut bytes).map_err(|e| self.broken(&e))?;
        Ok(bytes)
    }
}

/// Makes one line feed of every end of a line.
struct UniversalNewlines<R> {
    inner: R,
    after_return: bool,
}

impl<R: Read> Read for UniversalNewlines<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let read = self.inner.read(out)?;
            let mut kept = 0;
            for at in 0..read {
                let byte = out[at];
                let is_second = byte == b'\n' && self.after_return;
                self.after_return = byte == b'\r';
                if !is_second {
                    out[kept] = if byte == b'\r' { b'\n' } else { byte };
                    kept += 1;
                }
            }
            // Nothing at all would mean the end.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}
