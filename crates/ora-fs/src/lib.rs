//! The only caller of writing file-system functions: layout, atomic replacement, locks, modes, rooted handles.

pub mod rooted;
