//! Archives as no honest tool writes them: every field of tar and zip can be made to lie.

use std::io::Write as _;

/// A tar header; what is not set is as an ordinary tool has it.
#[derive(Clone)]
pub struct Header<'a> {
    /// The name, cut after 100 bytes.
    pub name: &'a [u8],
    /// What ustar puts before the name.
    pub prefix: &'a [u8],
    /// Where a link leads.
    pub link: &'a [u8],
    /// The type: `b'0'` a file, `b'5'` a directory.
    pub kind: u8,
    /// Permission bits.
    pub mode: u32,
    /// The twelve bytes of the size field, when they are not the true size in octal.
    pub size: Option<&'a [u8]>,
    /// Which dialect it claims.
    pub magic: &'a [u8; 8],
    /// User and group.
    pub owner: u32,
    /// The twelve bytes of the modification time.
    pub time: &'a [u8],
    /// Whether the checksum is off by one.
    pub wrong_checksum: bool,
}

/// The magic of POSIX tar.
pub const USTAR: &[u8; 8] = b"ustar\x0000";
/// The magic of GNU tar.
pub const GNU: &[u8; 8] = b"ustar  \0";
/// No magic, as before either.
pub const V7: &[u8; 8] = &[0; 8];

impl Default for Header<'_> {
    fn default() -> Self {
        Self {
            name: b"t/x",
            prefix: b"",
            link: b"",
            kind: b'0',
            mode: 0o644,
            size: None,
            magic: USTAR,
            owner: 1000,
            time: b"14524770400\0",
            wrong_checksum: false,
        }
    }
}

impl Header<'_> {
    /// The block, for content of `size` bytes.
    pub fn bytes(&self, size: usize) -> Vec<u8> {
        let mut block = vec![0; 512];
        let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &self.name[..self.name.len().min(100)]);
        put(100, format!("{:07o}\0{:07o}\0{:07o}\0", self.mode, self.owner, self.owner).as_bytes());
        put(124, self.size.unwrap_or(format!("{size:011o}\0").as_bytes()));
        put(136, self.time);
        put(148, b"        ");
        put(156, &[self.kind]);
        put(157, &self.link[..self.link.len().min(100)]);
        put(257, self.magic);
        put(345, self.prefix);
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum::<u32>() + u32::from(self.wrong_checksum);
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }
}

/// A tar archive under construction.
#[derive(Clone, Default)]
pub struct Tar(
    /// What is written so far.
    pub Vec<u8>,
);

impl Tar {
    /// Begins with what a small release has: a directory, an executable, a text.
    pub fn release() -> Self {
        Self::default().dir("t/", 0o755).dir("t/bin/", 0o755).executable("t/bin/tool").file("t/README", b"read me\n")
    }

    /// One more member.
    pub fn member(mut self, header: &Header<'_>, data: &[u8]) -> Self {
        self.0.extend(header.bytes(data.len()));
        self.0.extend(padded(data));
        self
    }

    /// One more file.
    pub fn file(self, name: &str, data: &[u8]) -> Self {
        self.member(&Header { name: name.as_bytes(), ..Header::default() }, data)
    }

    /// One more program: [`TOOL`].
    pub fn executable(self, name: &str) -> Self {
        self.member(&Header { name: name.as_bytes(), mode: 0o755, ..Header::default() }, TOOL)
    }

    /// One more directory.
    pub fn dir(self, name: &str, mode: u32) -> Self {
        self.member(&Header { name: name.as_bytes(), kind: b'5', mode, ..Header::default() }, b"")
    }

    /// One more symbolic link.
    pub fn link(self, name: &str, target: &str) -> Self {
        let (name, link) = (name.as_bytes(), target.as_bytes());
        self.member(&Header { name, link, kind: b'2', mode: 0o777, ..Header::default() }, b"")
    }

    /// One more hard link.
    pub fn hard(self, name: &str, target: &str) -> Self {
        let (name, link) = (name.as_bytes(), target.as_bytes());
        self.member(&Header { name, link, kind: b'1', ..Header::default() }, b"")
    }

    /// A PAX header for the next member.
    pub fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let records: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
        self.member(&Header { name: b"PaxHeaders/x", kind: b'x', ..Header::default() }, &records)
    }

    /// A GNU long name (`L`) or long link (`K`) for the next member.
    pub fn long(self, kind: u8, name: &[u8]) -> Self {
        let record = [name, b"\0"].concat();
        self.member(&Header { name: b"././@LongLink", kind, magic: GNU, ..Header::default() }, &record)
    }

    /// Any bytes.
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    /// With its end mark.
    pub fn ended(self) -> Vec<u8> {
        self.raw(&[0; 1024]).0
    }

    /// With its end mark, in gzip.
    pub fn gz(self) -> Vec<u8> {
        gz(&self.ended())
    }
}

/// A program.
pub const TOOL: &[u8] = b"#!/bin/sh\necho tool\n";

/// Filled up to whole blocks.
pub fn padded(data: &[u8]) -> Vec<u8> {
    let mut blocks = data.to_vec();
    blocks.resize(data.len().next_multiple_of(512), 0);
    blocks
}

/// `LENGTH KEY=VALUE\n`, its own length counted.
pub fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let length = (1..6).map(|digits| rest + digits).find(|length| length.to_string().len() + rest == *length).unwrap();
    [format!("{length} {key}=").as_bytes(), value, b"\n"].concat()
}

/// Bytes in gzip, well compressed.
pub fn gz(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Bytes in xz, with a small dictionary.
pub fn xz(data: &[u8]) -> Vec<u8> {
    let mut options = lzma_rust2::XzOptions::with_preset(0);
    options.lzma_options.dict_size = 64 << 10;
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Bytes deflated without a frame.
pub fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// What the local header of a zip entry says.
#[derive(Clone)]
pub struct Local<'a> {
    /// The name.
    pub name: &'a [u8],
    /// CRC-32 of the content.
    pub crc: u32,
    /// Bytes in the archive.
    pub packed: u32,
    /// Bytes unpacked.
    pub size: u32,
    /// The extra field.
    pub extra: Vec<u8>,
}

/// A zip entry; both of its headers can be changed before they are written.
#[derive(Clone)]
pub struct Part<'a> {
    /// The name in the directory.
    pub name: &'a [u8],
    /// What lies behind the local header.
    pub data: Vec<u8>,
    /// 0 stored, 8 deflated.
    pub method: u16,
    /// General-purpose flags.
    pub flags: u16,
    /// The system: 3 is Unix.
    pub made_by: u8,
    /// Unix mode, type included.
    pub mode: u32,
    /// CRC-32 of the content.
    pub crc: u32,
    /// Bytes in the archive.
    pub packed: u32,
    /// Bytes unpacked.
    pub size: u32,
    /// The extra field of the directory.
    pub extra: Vec<u8>,
    /// `None` to leave the header and the data out.
    pub local: Option<Local<'a>>,
    /// After the data.
    pub descriptor: Vec<u8>,
    /// Whether the directory names it.
    pub in_directory: bool,
    /// Where the directory says it lies, if not where it does.
    pub offset: Option<u32>,
}

/// A deflated entry.
pub fn part<'a>(name: &'a str, content: &[u8], mode: u32) -> Part<'a> {
    packed_part(name, content, mode, 8, deflate(content))
}

/// A stored entry.
pub fn stored<'a>(name: &'a str, content: &[u8], mode: u32) -> Part<'a> {
    packed_part(name, content, mode, 0, content.to_vec())
}

fn packed_part<'a>(name: &'a str, content: &[u8], mode: u32, method: u16, data: Vec<u8>) -> Part<'a> {
    let (crc, packed, size) = (crc32fast::hash(content), small(data.len()), small(content.len()));
    let name = name.as_bytes();
    let local = Some(Local { name, crc, packed, size, extra: Vec::new() });
    Part {
        name,
        data,
        method,
        flags: 0x800,
        made_by: 3,
        mode,
        crc,
        packed,
        size,
        extra: Vec::new(),
        local,
        descriptor: Vec::new(),
        in_directory: true,
        offset: None,
    }
}

fn small(length: usize) -> u32 {
    u32::try_from(length).unwrap()
}

/// A zip file under construction.
#[derive(Clone, Default)]
pub struct Zip {
    /// Local headers and data.
    pub body: Vec<u8>,
    /// The central directory.
    pub directory: Vec<u8>,
    /// How many entries it has.
    pub count: u16,
}

impl Zip {
    /// Begins with what a small release has.
    pub fn release() -> Self {
        Self::default().with(&stored("t/", b"", 0o40755)).with(&part("t/tool", TOOL, 0o100_755)).with(&part(
            "t/README",
            b"read me\n",
            0o100_644,
        ))
    }

    /// One more entry.
    pub fn with(mut self, part: &Part<'_>) -> Self {
        let offset = part.offset.unwrap_or(small(self.body.len()));
        if let Some(local) = &part.local {
            self.body.extend(b"PK\x03\x04\x14\0");
            for field in [part.flags, part.method, 0, 0x5821] {
                self.body.extend(field.to_le_bytes());
            }
            for field in [local.crc, local.packed, local.size] {
                self.body.extend(field.to_le_bytes());
            }
            for length in [local.name.len(), local.extra.len()] {
                self.body.extend(u16::try_from(length).unwrap().to_le_bytes());
            }
            self.body.extend([local.name, &local.extra, &part.data, &part.descriptor].concat());
        }
        if part.in_directory {
            self.directory.extend([b"PK\x01\x02\x1e".as_slice(), &[part.made_by, 20, 0]].concat());
            for field in [part.flags, part.method, 0, 0x5821] {
                self.directory.extend(field.to_le_bytes());
            }
            for field in [part.crc, part.packed, part.size] {
                self.directory.extend(field.to_le_bytes());
            }
            for length in [part.name.len(), part.extra.len(), 0, 0, 0] {
                self.directory.extend(u16::try_from(length).unwrap().to_le_bytes());
            }
            self.directory.extend((part.mode << 16).to_le_bytes());
            self.directory.extend(offset.to_le_bytes());
            self.directory.extend([part.name, &part.extra].concat());
            self.count += 1;
        }
        self
    }

    /// With its directory and end record.
    pub fn done(self) -> Vec<u8> {
        let (disk, count) = (0, self.count);
        self.ended(disk, count, b"")
    }

    /// With an end record that names this disk and count, and has this comment.
    pub fn ended(self, disk: u16, count: u16, comment: &[u8]) -> Vec<u8> {
        let mut end = b"PK\x05\x06".to_vec();
        for field in [disk, disk, count, count] {
            end.extend(field.to_le_bytes());
        }
        for field in [self.directory.len(), self.body.len()] {
            end.extend(small(field).to_le_bytes());
        }
        end.extend(u16::try_from(comment.len()).unwrap().to_le_bytes());
        [self.body, self.directory, end, comment.to_vec()].concat()
    }
}
