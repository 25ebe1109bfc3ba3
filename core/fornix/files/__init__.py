"""Named downloads: url + sha256 + bytes through cache, mirrors and network."""
