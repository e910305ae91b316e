//! Finding and searching definitions: git snapshots, single URLs, plain directories.
