// Package people knows who acts: accounts with a role each, the sessions of people
// who logged in, the API tokens of programs, the SSH keys of photographers, and the link
// that makes a site's first admin.
//
// Nothing that opens a door is kept in the clear: passwords as argon2id, every other
// secret as its SHA-256.
//
//	         Login               30 days unused, Logout,
//	nobody ───────────► session ────────────────────────► ended
//	                            password changed, account disabled
//
//	         AddToken            RevokeToken,
//	         ───────────► token ──────────────────────────► ended
//	                            account disabled
//
//	         AddKey             RemoveKey
//	         ───────────► key ────────────────────────────► gone
package people

import (
	"database/sql"
	"errors"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// Role is what an account is for.
type Role string

// The roles. An admin can do what a moderator can, and a moderator what a judge can;
// a photographer and a subscriber can only what is theirs.
const (
	Admin        Role = "admin"
	Moderator    Role = "moderator"
	Judge        Role = "judge"
	Photographer Role = "photographer"
	Subscriber   Role = "subscriber"
)

// Roles gives all of them, the most powerful first.
func Roles() []Role { return []Role{Admin, Moderator, Judge, Photographer, Subscriber} }

// Account is a person, or a program, that the site knows by name.
type Account struct {
	ID       string
	Name     string // as it was written; unique without regard to case
	Role     Role
	Created  time.Time
	Disabled bool
}

// Can reports whether the account may do what is the role's to do. A disabled one,
// and the zero Account, can do nothing.
func (a Account) Can(r Role) bool {
	switch {
	case a.Disabled || a.Role == "":
		return false
	case r == a.Role:
		return true
	case r == Judge:
		return a.Role == Moderator || a.Role == Admin
	case r == Moderator:
		return a.Role == Admin
	}
	return false
}

// Register holds the accounts and whatever proves that somebody is one of them. Its
// methods may be called from any goroutine.
type Register struct {
	DB *store.DB

	hasher *hasher
}

// NewRegister makes the register of the database. Make one a process: it is what
// bounds how many passwords are hashed at a time.
func NewRegister(db *store.DB) *Register {
	return &Register{DB: db, hasher: newHasher()}
}

const accountColumns = "a.id, a.name, a.role, a.created, a.disabled"

// scanner is a sql.Row or sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// scanAccount scans accountColumns, and after them what more points at.
func scanAccount(s scanner, a *Account, more ...any) error {
	var created int64
	dest := append([]any{&a.ID, &a.Name, &a.Role, &created, &a.Disabled}, more...)
	if err := s.Scan(dest...); err != nil {
		return err
	}
	a.Created = store.Time(created)
	return nil
}

// missing turns sql.ErrNoRows into the error that says what is missing.
func missing(err error, instead *fault.Error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return instead
	}
	return err
}

func noAccount() *fault.Error {
	return fault.New(fault.NotFound, "no_account", "There is no such account.")
}
