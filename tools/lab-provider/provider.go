package main

import (
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type labProvider struct{}

type providerModel struct {
	URL   types.String `tfsdk:"url"`
	Token types.String `tfsdk:"token"`
}

func newProvider() provider.Provider { return labProvider{} }

func (labProvider) Metadata(_ context.Context, _ provider.MetadataRequest, response *provider.MetadataResponse) {
	response.TypeName = "lab"
	response.Version = version
}

func (labProvider) Schema(_ context.Context, _ provider.SchemaRequest, response *provider.SchemaResponse) {
	response.Schema = schema.Schema{
		Description: "The lab cloud.",
		Attributes: map[string]schema.Attribute{
			"url":   schema.StringAttribute{Optional: true, Description: "Where the lab cloud answers. Default: LAB_URL."},
			"token": schema.StringAttribute{Optional: true, Sensitive: true, Description: "Bearer token. Default: LAB_TOKEN."},
		},
	}
}

func (labProvider) Configure(ctx context.Context, request provider.ConfigureRequest, response *provider.ConfigureResponse) {
	var config providerModel
	response.Diagnostics.Append(request.Config.Get(ctx, &config)...)
	if response.Diagnostics.HasError() {
		return
	}
	url := setting(config.URL, "LAB_URL")
	if url == "" {
		response.Diagnostics.AddAttributeError(path.Root("url"), "No lab cloud named",
			"Set `url` in the provider block to a value known at plan time, or the environment variable LAB_URL.")
		return
	}
	api := newClient(url, setting(config.Token, "LAB_TOKEN"))
	response.ResourceData = api
	response.DataSourceData = api
}

func setting(value types.String, variable string) string {
	if value.IsNull() || value.IsUnknown() {
		return os.Getenv(variable)
	}
	return value.ValueString()
}

func (labProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &itemResource{} }}
}

func (labProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return &itemDataSource{} }}
}
