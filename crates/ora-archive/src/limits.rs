//! How large an archive may be, in every direction it can grow.

/// The limits of one unpacking. Declared sizes are held against them before anything is written, real ones meanwhile.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest file, in bytes.
    pub max_file_size: u64,
    /// The largest sum of all files, in bytes.
    pub max_total_size: u64,
    /// The largest number of files, links and directories.
    pub max_file_count: usize,
    /// The largest number of components of a path.
    pub max_depth: usize,
    /// The longest path, in bytes.
    pub max_path_length: usize,
    /// Bytes out for each byte in that are worth a note.
    pub ratio_warning: u64,
    /// Bytes out for each byte in at which unpacking stops, once past `ratio_grace`.
    pub ratio_stop: u64,
    /// Bytes out up to which no ratio is too high: small texts do compress a thousandfold.
    pub ratio_grace: u64,
    /// The longest PAX header or long-name record, in bytes.
    pub max_name_record: u64,
    /// The memory that an xz or zstd stream may ask for, in bytes.
    pub decoder_memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_file_size: 1 << 30,
            max_total_size: 5 << 30,
            max_file_count: 100_000,
            max_depth: 50,
            max_path_length: 4096,
            ratio_warning: 100,
            ratio_stop: 200,
            ratio_grace: 64 << 20,
            max_name_record: 64 << 10,
            decoder_memory: 256 << 20,
        }
    }
}
