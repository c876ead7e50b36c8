package app

import (
	"context"
	"math/rand/v2"
	"time"

	"oneframe/app/deliver"
	"oneframe/app/deliver/order"
	"oneframe/app/deliver/send"
	"oneframe/app/seal"
)

// sending builds the office that sends pictures to subscribers.
func (a *App) sending(box *seal.Box) *deliver.Office {
	network := a.Config.Deliver.network()
	return &deliver.Office{DB: a.DB, Box: box, Log: a.Log, Jitter: rand.Float64, Make: a.toOrder,
		Open: func(ctx context.Context, t send.Target) (send.Sender, error) { return send.Open(ctx, t, network) },
		Keep: time.Duration(a.Config.Deliver.Keep), Most: a.Config.Deliver.Connections}
}

// toOrder has a picture made as its subscriber wants it.
func (a *App) toOrder(ctx context.Context, o deliver.Order) (send.Parcel, error) {
	spec, err := order.ParseSpec(o.Made)
	if err != nil {
		return send.Parcel{}, &send.Error{Kind: send.Hopeless, Message: "How its pictures are made can't be read any more; please set it again.", Cause: err}
	}
	return a.Maker.Make(ctx, order.Job{Delivery: o.Delivery.ID, Subscriber: o.Delivery.Subscriber, Kind: string(o.Delivery.Kind), Picture: o.Picture,
		Record: o.Record, Version: o.Delivery.Version, Spec: spec})
}
