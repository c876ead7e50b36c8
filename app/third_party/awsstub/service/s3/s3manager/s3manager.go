// Package s3manager is part of the stand-in described in package aws.
package s3manager

import (
	"errors"
	"io"

	"github.com/aws/aws-sdk-go/aws/session"
)

// UploadInput satisfies the type that ffmpeg-go names.
type UploadInput struct {
	Bucket, Key *string
	Body        io.Reader
}

// UploadOutput satisfies the type that ffmpeg-go names.
type UploadOutput struct{}

// Uploader satisfies the type that ffmpeg-go names.
type Uploader struct{}

// NewUploader returns an uploader that refuses everything.
func NewUploader(*session.Session) *Uploader { return &Uploader{} }

// Upload always fails: this build has no S3 output.
func (*Uploader) Upload(*UploadInput) (*UploadOutput, error) {
	return nil, errors.New("s3:// outputs are not part of this build")
}
