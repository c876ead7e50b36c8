package app

import (
	"context"
	"fmt"
	"time"

	"oneframe/app/clip"
	"oneframe/app/fault"
	"oneframe/app/publish"
	"oneframe/app/source"
	"oneframe/app/store"
)

// PublishConfig is about the hosts that mirror the clip.
type PublishConfig struct {
	Every    Duration       `yaml:"every"`
	Command  []string       `yaml:"command"`
	Timeout  Duration       `yaml:"timeout"`
	PeerTube PeerTubeConfig `yaml:"peertube"`
	Vimeo    VimeoConfig    `yaml:"vimeo"`
}

// PeerTubeConfig is an account on a PeerTube instance.
type PeerTubeConfig struct {
	URL      string `yaml:"url"`
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	Channel  string `yaml:"channel"`
	Privacy  string `yaml:"privacy"`
}

// VimeoConfig is an account on Vimeo.
type VimeoConfig struct {
	Token   string `yaml:"token"`
	Privacy string `yaml:"privacy"`
}

// hosts makes those that are set; errors name the section.
func (p PublishConfig) hosts(now func() time.Time) (all []publish.Host, err error) {
	if t := p.PeerTube; t.URL != "" {
		h, err := publish.NewPeerTube(publish.PeerTubeAccount{Name: "peertube", URL: t.URL, User: t.User, Password: t.Password,
			Channel: t.Channel, Privacy: t.Privacy, Now: now})
		if err != nil {
			return nil, fmt.Errorf("publish.peertube: %w", err)
		}
		all = append(all, h)
	}
	if v := p.Vimeo; v.Token != "" {
		h, err := publish.NewVimeo(publish.VimeoAccount{Name: "vimeo", Token: v.Token, Privacy: v.Privacy, Now: now})
		if err != nil {
			return nil, fmt.Errorf("publish.vimeo: %w", err)
		}
		all = append(all, h)
	}
	if len(p.Command) > 0 {
		all = append(all, publish.Command{Title: "command", Args: p.Command, Timeout: time.Duration(p.Timeout)})
	}
	return all, nil
}

// mirrors gives the rounds of work that keep the hosts in step with the clips: one that
// tells them what is current, and one a host, so that none waits for another.
func (a *App) mirrors() map[string]step {
	steps := map[string]step{}
	for _, h := range a.Office.Hosts {
		steps["publish to "+h.Name()] = a.Office.Step
	}
	if len(steps) > 0 {
		steps["publish"] = a.teller()
	}
	return steps
}

// teller gives the round that tells the hosts. At first it has what was paused tried
// again, since the config may have mended the reason.
func (a *App) teller() step {
	wanted := map[string]string{} // clip → the file that the hosts were told of
	resumed := false
	return func(ctx context.Context) (worked bool, err error) {
		if !resumed {
			err = a.DB.Write(ctx, func(tx *store.Tx) error { return publish.Resume(tx, "", "") })
			resumed = err == nil
		}
		if err == nil {
			err = a.want(ctx, wanted)
		}
		return false, err
	}
}

// want tells the hosts of each clip whose current file is another than they were told.
func (a *App) want(ctx context.Context, wanted map[string]string) error {
	renders, titles := []clip.Render{}, map[string]string{}
	err := a.DB.Read(ctx, func(tx *store.Tx) error {
		videos, err := source.List(tx)
		for _, v := range videos {
			r, why := clip.Current(tx, v.Slug)
			if why == nil && wanted[v.Slug] != r.Hash {
				renders, titles[v.Slug] = append(renders, r), v.Title
			}
			if why != nil && !fault.Is(why, fault.NotFound) {
				return why
			}
		}
		return err
	})
	for _, r := range renders {
		if err != nil {
			return err
		}
		err = a.DB.Write(ctx, func(tx *store.Tx) error {
			return publish.Want(tx, r.Clip, r.ID, r.Hash, a.Studio.File(r), titles[r.Clip])
		})
		if err == nil {
			wanted[r.Clip] = r.Hash
		}
	}
	return err
}
