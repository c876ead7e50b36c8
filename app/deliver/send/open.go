package send

import "context"

// Open makes the Sender for a target's scheme. Senders over connections that begin with a
// login connect at once; those over HTTP with the first parcel. Its error is an *Error.
func Open(ctx context.Context, t Target, n Network) (Sender, error) {
	switch t.URL.Scheme {
	case "https", "http":
		return opened(openHTTP(t, n))
	case "ftp", "ftps", "ftpes":
		return openFTP(ctx, t, n)
	case "sftp":
		return openSFTP(ctx, t, n)
	case "s3":
		return opened(openS3(t, n))
	case "file":
		return opened(openFolder(t, n))
	}
	return nil, &Error{Kind: Hopeless, Message: "Nothing is sent by " + tidy(t.URL.Scheme) + "."}
}

// opened gives no Sender at all, rather than one that is nil, with an error.
func opened[S Sender](s S, err error) (Sender, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
