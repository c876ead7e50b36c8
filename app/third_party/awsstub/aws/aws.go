// Package aws stands in for the end-of-life AWS SDK v1, which ffmpeg-go imports only
// for its s3:// outputs. oneframe never writes there, so 4 MB of SDK with open
// advisories (GO-2022-0635, GO-2022-0646) stay out of the binary.
package aws

// Config satisfies the type that ffmpeg-go names.
type Config struct{}
