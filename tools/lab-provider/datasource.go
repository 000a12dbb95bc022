package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// itemDataSource finds the one item of a collection that has a name.
type itemDataSource struct{ api *client }

var _ datasource.DataSourceWithConfigure = (*itemDataSource)(nil)

func (*itemDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse) {
	response.TypeName = "lab_item"
}

func (*itemDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse) {
	rule := map[string]schema.Attribute{
		"port":  schema.Int64Attribute{Computed: true},
		"allow": schema.BoolAttribute{Computed: true},
		"note":  schema.StringAttribute{Computed: true},
	}
	response.Schema = schema.Schema{
		Description: "The item of a collection that has this name; none and several are errors.",
		Attributes: map[string]schema.Attribute{
			"collection": schema.StringAttribute{Required: true},
			"name":       schema.StringAttribute{Required: true},
			"size":       schema.Int64Attribute{Computed: true},
			"labels":     schema.MapAttribute{Computed: true, ElementType: types.StringType},
			"content":    schema.StringAttribute{Computed: true},
			"zone":       schema.StringAttribute{Computed: true},
			"secret":     schema.StringAttribute{Computed: true, Sensitive: true},
			"healthy":    schema.BoolAttribute{Computed: true},
			"settings": schema.SingleNestedAttribute{
				Computed: true,
				Attributes: map[string]schema.Attribute{
					"tier":     schema.StringAttribute{Computed: true},
					"replicas": schema.Int64Attribute{Computed: true},
					"rules":    schema.ListNestedAttribute{Computed: true, NestedObject: schema.NestedAttributeObject{Attributes: rule}},
				},
			},
			"id":       schema.StringAttribute{Computed: true},
			"endpoint": schema.StringAttribute{Computed: true},
			"revision": schema.Int64Attribute{Computed: true},
			"token":    schema.StringAttribute{Computed: true, Sensitive: true},
		},
	}
}

func (d *itemDataSource) Configure(_ context.Context, request datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	if api, ok := request.ProviderData.(*client); ok {
		d.api = api
	}
}

func (d *itemDataSource) Read(ctx context.Context, request datasource.ReadRequest, response *datasource.ReadResponse) {
	var wanted itemModel
	response.Diagnostics.Append(request.Config.Get(ctx, &wanted)...)
	if response.Diagnostics.HasError() {
		return
	}
	crashIfAsked(crashRead, wanted.Name)
	var found struct {
		Items []item `json:"items"`
	}
	query := itemsPath(wanted.Collection) + "?name=" + url.QueryEscape(wanted.Name)
	if err := d.api.do(ctx, http.MethodGet, query, nil, &found); err != nil {
		fail(&response.Diagnostics, "find", wanted.Collection, wanted.Name, err)
		return
	}
	if len(found.Items) != 1 {
		fail(&response.Diagnostics, "find", wanted.Collection, wanted.Name, fmt.Errorf("%d items have this name", len(found.Items)))
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, found.Items[0].model())...)
}
