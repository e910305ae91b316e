//! What an executable runs on, read from its first bytes.

use object::{
    Endianness, LittleEndian, elf, macho, pe,
    read::{
        elf::FileHeader,
        macho::{FatArch, MachHeader, MachOFatFile},
        pe::ImageNtHeaders,
    },
};
use ora_core::{Arch, Os, Platform};

/// The formats of executables.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BinaryFormat {
    /// Linux and the BSDs.
    Elf,
    /// macOS.
    MachO,
    /// Windows.
    Pe,
}

/// One system an executable is made for; `None` where it is not tied to one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Target {
    /// The operating system. Most ELF files do not name theirs.
    pub os: Option<Os>,
    /// The processor; none for byte code that a runtime translates.
    pub arch: Option<Arch>,
}

/// What an executable's header says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BinaryInfo {
    /// Its format.
    pub format: BinaryFormat,
    /// What it runs on; empty when that is nothing that has a name here, several in a universal macOS file.
    pub targets: Vec<Target>,
}

impl BinaryInfo {
    /// Whether it is made for a platform, as far as its header says. The C library is not looked at.
    pub fn runs_on(&self, platform: Platform) -> bool {
        let fits = |target: &Target| {
            let os = target.os.is_none_or(|os| os == platform.os);
            os && target.arch.is_none_or(|arch| arch == platform.arch)
        };
        let foreign = self.format == BinaryFormat::Elf && matches!(platform.os, Os::Macos | Os::Windows);
        !foreign && self.targets.iter().any(fits)
    }
}

/// Reads the header of an executable; `None` for what begins like one and is none.
pub(crate) fn read(head: &[u8], format: BinaryFormat) -> Option<BinaryInfo> {
    let targets = match format {
        BinaryFormat::Elf if head.get(4) == Some(&1) => elf_target::<elf::FileHeader32<Endianness>>(head)?,
        BinaryFormat::Elf => elf_target::<elf::FileHeader64<Endianness>>(head)?,
        BinaryFormat::MachO => macho_targets(head)?,
        BinaryFormat::Pe => pe_target(head)?,
    };
    Some(BinaryInfo { format, targets })
}

/// The format that a file's first bytes announce.
pub(crate) fn announced(head: &[u8]) -> Option<BinaryFormat> {
    match head {
        [0x7f, b'E', b'L', b'F', ..] => Some(BinaryFormat::Elf),
        [b'M', b'Z', ..] => Some(BinaryFormat::Pe),
        // Java classes share the last magic; the number of architectures after it is their version, 45 or more.
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..]
        | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]
        | [0xca, 0xfe, 0xba, 0xbe | 0xbf, 0, 0, 0, 1..=30, ..] => Some(BinaryFormat::MachO),
        _ => None,
    }
}

fn elf_target<H: FileHeader<Endian = Endianness>>(head: &[u8]) -> Option<Vec<Target>> {
    let header = H::parse(head).ok()?;
    let endian = header.endian().ok()?;
    if !matches!(header.e_type(endian), elf::ET_EXEC | elf::ET_DYN) || header.e_phnum(endian) == 0 {
        return None;
    }
    let (wide, little) = (header.is_type_64(), endian == Endianness::Little);
    let arch = match header.e_machine(endian) {
        elf::EM_NONE => return None,
        elf::EM_X86_64 if wide => Arch::X86_64,
        elf::EM_AARCH64 if wide && little => Arch::Aarch64,
        elf::EM_386 => Arch::I686,
        elf::EM_ARM if little => Arch::Armv7,
        elf::EM_RISCV if wide => Arch::Riscv64,
        elf::EM_PPC64 if little => Arch::Ppc64le,
        elf::EM_S390 if wide => Arch::S390x,
        _ => return Some(Vec::new()),
    };
    let os = match header.e_ident().os_abi {
        elf::ELFOSABI_SYSV => None,
        elf::ELFOSABI_GNU => Some(Os::Linux),
        elf::ELFOSABI_FREEBSD => Some(Os::Freebsd),
        elf::ELFOSABI_ARM | elf::ELFOSABI_ARM_AEABI if arch == Arch::Armv7 => None,
        _ => return Some(Vec::new()),
    };
    Some(vec![Target { os, arch: Some(arch) }])
}

fn macho_targets(head: &[u8]) -> Option<Vec<Target>> {
    let processors: Vec<macho::CpuType> = match *head.get(..4)? {
        [0xca, 0xfe, 0xba, 0xbe] => fat_processors(MachOFatFile::<macho::FatArch32>::parse(head).ok()?.arches()),
        [0xca, 0xfe, 0xba, 0xbf] => fat_processors(MachOFatFile::<macho::FatArch64>::parse(head).ok()?.arches()),
        [0xce, ..] | [.., 0xce] => vec![thin_processor::<macho::MachHeader32<Endianness>>(head)?],
        _ => vec![thin_processor::<macho::MachHeader64<Endianness>>(head)?],
    };
    let arch = |processor| match processor {
        macho::CPU_TYPE_X86_64 => Some(Arch::X86_64),
        macho::CPU_TYPE_ARM64 => Some(Arch::Aarch64),
        macho::CPU_TYPE_X86 => Some(Arch::I686),
        _ => None,
    };
    let arches = processors.into_iter().filter_map(arch);
    Some(arches.map(|arch| Target { os: Some(Os::Macos), arch: Some(arch) }).collect())
}

fn fat_processors<F: FatArch>(arches: &[F]) -> Vec<macho::CpuType> {
    arches.iter().map(FatArch::cputype).collect()
}

fn thin_processor<H: MachHeader<Endian = Endianness>>(head: &[u8]) -> Option<macho::CpuType> {
    let header = H::parse(head, 0).ok()?;
    let endian = header.endian().ok()?;
    (header.filetype(endian) == macho::MH_EXECUTE && header.ncmds(endian) > 0).then(|| header.cputype(endian))
}

fn pe_target(head: &[u8]) -> Option<Vec<Target>> {
    let offset = u64::from(pe::ImageDosHeader::parse(head).ok()?.nt_headers_offset());
    let wide = pe_headers::<pe::ImageNtHeaders64>(head, offset);
    let (machine, managed) = wide.or_else(|| pe_headers::<pe::ImageNtHeaders32>(head, offset))?;
    let arch = match machine {
        // A .NET program without a processor of its own says this one.
        pe::IMAGE_FILE_MACHINE_I386 if managed => None,
        pe::IMAGE_FILE_MACHINE_I386 => Some(Arch::I686),
        pe::IMAGE_FILE_MACHINE_AMD64 => Some(Arch::X86_64),
        pe::IMAGE_FILE_MACHINE_ARM64 => Some(Arch::Aarch64),
        pe::IMAGE_FILE_MACHINE_ARMNT => Some(Arch::Armv7),
        pe::IMAGE_FILE_MACHINE_UNKNOWN => return None,
        _ => return Some(Vec::new()),
    };
    Some(vec![Target { os: Some(Os::Windows), arch }])
}

/// The machine, and whether the program is for the .NET runtime.
fn pe_headers<H: ImageNtHeaders>(head: &[u8], mut offset: u64) -> Option<(pe::Machine, bool)> {
    let (headers, directories) = H::parse(head, &mut offset).ok()?;
    let managed = directories.get(pe::IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR).is_some();
    Some((headers.file_header().machine.get(LittleEndian), managed))
}
