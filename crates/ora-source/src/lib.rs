//! Listing releases and picking assets: GitHub, GitLab, listings, direct URLs, web pages.
