// Package session is part of the stand-in described in package aws.
package session

import (
	"errors"

	"github.com/aws/aws-sdk-go/aws"
)

// Session satisfies the type that ffmpeg-go names.
type Session struct{}

// NewSession always fails: this build has no S3 output.
func NewSession(...*aws.Config) (*Session, error) {
	return nil, errors.New("s3:// outputs are not part of this build")
}
