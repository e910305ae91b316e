//! Archives as no honest tool writes them: every field of tar and zip can be made to lie.

use std::io::Write as _;

/// A tar header; what is not set is as an ordinary tool has it.
#[derive(Clone)]
pub(crate) struct Header<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) prefix: &'a [u8],
    pub(crate) link: &'a [u8],
    pub(crate) kind: u8,
    pub(crate) mode: u32,
    pub(crate) size: Option<&'a [u8]>,
    pub(crate) magic: &'a [u8; 8],
    pub(crate) owner: u32,
    pub(crate) time: &'a [u8],
    pub(crate) wrong_checksum: bool,
}

pub(crate) const USTAR: &[u8; 8] = b"ustar\x0000";
pub(crate) const GNU: &[u8; 8] = b"ustar  \0";
pub(crate) const V7: &[u8; 8] = &[0; 8];

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
    pub(crate) fn bytes(&self, size: usize) -> Vec<u8> {
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
pub(crate) struct Tar(pub(crate) Vec<u8>);

impl Tar {
    /// Begins with what a small release has: a directory, an executable, a text.
    pub(crate) fn release() -> Self {
        Self::default().dir("t/", 0o755).dir("t/bin/", 0o755).executable("t/bin/tool").file("t/README", b"read me\n")
    }

    pub(crate) fn member(mut self, header: &Header<'_>, data: &[u8]) -> Self {
        self.0.extend(header.bytes(data.len()));
        self.0.extend(padded(data));
        self
    }

    pub(crate) fn file(self, name: &str, data: &[u8]) -> Self {
        self.member(&Header { name: name.as_bytes(), ..Header::default() }, data)
    }

    pub(crate) fn executable(self, name: &str) -> Self {
        self.member(&Header { name: name.as_bytes(), mode: 0o755, ..Header::default() }, TOOL)
    }

    pub(crate) fn dir(self, name: &str, mode: u32) -> Self {
        self.member(&Header { name: name.as_bytes(), kind: b'5', mode, ..Header::default() }, b"")
    }

    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        let (name, link) = (name.as_bytes(), target.as_bytes());
        self.member(&Header { name, link, kind: b'2', mode: 0o777, ..Header::default() }, b"")
    }

    pub(crate) fn hard(self, name: &str, target: &str) -> Self {
        let (name, link) = (name.as_bytes(), target.as_bytes());
        self.member(&Header { name, link, kind: b'1', ..Header::default() }, b"")
    }

    /// A PAX header for the next member.
    pub(crate) fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let records: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
        self.member(&Header { name: b"PaxHeaders/x", kind: b'x', ..Header::default() }, &records)
    }

    /// A GNU long name (`L`) or long link (`K`) for the next member.
    pub(crate) fn long(self, kind: u8, name: &[u8]) -> Self {
        let record = [name, b"\0"].concat();
        self.member(&Header { name: b"././@LongLink", kind, magic: GNU, ..Header::default() }, &record)
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    /// With its end mark.
    pub(crate) fn ended(self) -> Vec<u8> {
        self.raw(&[0; 1024]).0
    }

    pub(crate) fn gz(self) -> Vec<u8> {
        gz(&self.ended())
    }
}

pub(crate) const TOOL: &[u8] = b"#!/bin/sh\necho tool\n";

pub(crate) fn padded(data: &[u8]) -> Vec<u8> {
    let mut blocks = data.to_vec();
    blocks.resize(data.len().next_multiple_of(512), 0);
    blocks
}

/// `LENGTH KEY=VALUE\n`, its own length counted.
pub(crate) fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let length = (1..6).map(|digits| rest + digits).find(|length| length.to_string().len() + rest == *length).unwrap();
    [format!("{length} {key}=").as_bytes(), value, b"\n"].concat()
}

pub(crate) fn gz(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn bz2(data: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::new(1));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn xz(data: &[u8]) -> Vec<u8> {
    let mut options = lzma_rust2::XzOptions::with_preset(0);
    options.lzma_options.dict_size = 64 << 10;
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zst(data: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// What the local header of a zip entry says.
#[derive(Clone)]
pub(crate) struct Local<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) crc: u32,
    pub(crate) packed: u32,
    pub(crate) size: u32,
    pub(crate) extra: Vec<u8>,
}

/// A zip entry; both of its headers can be changed before they are written.
#[derive(Clone)]
pub(crate) struct Part<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) data: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) made_by: u8,
    pub(crate) mode: u32,
    pub(crate) crc: u32,
    pub(crate) packed: u32,
    pub(crate) size: u32,
    pub(crate) extra: Vec<u8>,
    /// `None` to leave the header and the data out.
    pub(crate) local: Option<Local<'a>>,
    /// After the data.
    pub(crate) descriptor: Vec<u8>,
    pub(crate) in_directory: bool,
    /// Where the directory says it lies, if not where it does.
    pub(crate) offset: Option<u32>,
}

pub(crate) fn part<'a>(name: &'a str, content: &[u8], mode: u32) -> Part<'a> {
    packed_part(name, content, mode, 8, deflate(content))
}

pub(crate) fn stored<'a>(name: &'a str, content: &[u8], mode: u32) -> Part<'a> {
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
pub(crate) struct Zip {
    pub(crate) body: Vec<u8>,
    pub(crate) directory: Vec<u8>,
    pub(crate) count: u16,
}

impl Zip {
    pub(crate) fn release() -> Self {
        Self::default().add(&stored("t/", b"", 0o40755)).add(&part("t/tool", TOOL, 0o100_755)).add(&part(
            "t/README",
            b"read me\n",
            0o100_644,
        ))
    }

    pub(crate) fn add(mut self, part: &Part<'_>) -> Self {
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

    pub(crate) fn done(self) -> Vec<u8> {
        let (disk, count) = (0, self.count);
        self.ended(disk, count, b"")
    }

    pub(crate) fn ended(self, disk: u16, count: u16, comment: &[u8]) -> Vec<u8> {
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
