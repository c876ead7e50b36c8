// Package metadata reads what a picture file says about itself, IPTC-IIM, XMP and EXIF,
// into one normalised Record, and writes a record back into a file. It is pure: bytes in,
// bytes out.
package metadata
