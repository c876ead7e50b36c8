// Package app is the hall.
package app
