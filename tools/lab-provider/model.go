package main

import (
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// item is the wire form: null means absent, both ways.
type item struct {
	ID         string            `json:"id,omitempty"`
	Collection string            `json:"collection,omitempty"`
	Name       string            `json:"name"`
	Size       *int64            `json:"size"`
	Labels     map[string]string `json:"labels"`
	Content    *string           `json:"content"`
	Zone       *string           `json:"zone"`
	Secret     *string           `json:"secret"`
	Healthy    bool              `json:"healthy"`
	Settings   *itemSettings     `json:"settings"`
	Endpoint   string            `json:"endpoint,omitempty"`
	Revision   int64             `json:"revision,omitempty"`
	Token      string            `json:"token,omitempty"`
}

type itemSettings struct {
	Tier     *string    `json:"tier" tfsdk:"tier"`
	Replicas *int64     `json:"replicas" tfsdk:"replicas"`
	Rules    []itemRule `json:"rules" tfsdk:"rules"`
}

type itemRule struct {
	Port  int64   `json:"port" tfsdk:"port"`
	Allow *bool   `json:"allow" tfsdk:"allow"`
	Note  *string `json:"note" tfsdk:"note"`
}

// itemModel is the form in plan and state; computed values may be unknown there, the rest is known when it is decoded.
type itemModel struct {
	ID         types.String      `tfsdk:"id"`
	Collection string            `tfsdk:"collection"`
	Name       string            `tfsdk:"name"`
	Size       *int64            `tfsdk:"size"`
	Labels     map[string]string `tfsdk:"labels"`
	Content    *string           `tfsdk:"content"`
	Zone       *string           `tfsdk:"zone"`
	Secret     *string           `tfsdk:"secret"`
	Healthy    types.Bool        `tfsdk:"healthy"`
	Settings   *itemSettings     `tfsdk:"settings"`
	Endpoint   types.String      `tfsdk:"endpoint"`
	Revision   types.Int64       `tfsdk:"revision"`
	Token      types.String      `tfsdk:"token"`
}

// wire is what a client may write.
func (m itemModel) wire() item {
	return item{
		Name: m.Name, Size: m.Size, Labels: m.Labels, Content: m.Content, Zone: m.Zone, Secret: m.Secret,
		Healthy: m.Healthy.IsNull() || m.Healthy.ValueBool(), Settings: m.Settings,
	}
}

func (i item) model() itemModel {
	return itemModel{
		ID: types.StringValue(i.ID), Collection: i.Collection, Name: i.Name, Size: i.Size, Labels: i.Labels, Content: i.Content,
		Zone: i.Zone, Secret: i.Secret, Healthy: types.BoolValue(i.Healthy), Settings: i.Settings,
		Endpoint: types.StringValue(i.Endpoint), Revision: types.Int64Value(i.Revision), Token: types.StringValue(i.Token),
	}
}
