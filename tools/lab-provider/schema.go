package main

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// itemSchema has one attribute of each sort that plans treat differently: replacing, updatable, sensitive, nested, computed and
// kept, computed and new at each update.
func itemSchema() schema.Schema {
	replaces := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	keeps := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	return schema.Schema{
		Description: "An item of a collection of the lab cloud. Import id: COLLECTION/ID.",
		Attributes: map[string]schema.Attribute{
			"collection": schema.StringAttribute{Required: true, PlanModifiers: replaces},
			"name":       schema.StringAttribute{Required: true},
			"size":       schema.Int64Attribute{Optional: true},
			"labels":     schema.MapAttribute{Optional: true, ElementType: types.StringType},
			"content":    schema.StringAttribute{Optional: true},
			"zone":       schema.StringAttribute{Optional: true, PlanModifiers: replaces},
			"secret":     schema.StringAttribute{Optional: true, Sensitive: true},
			"healthy":    schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(true)},
			"settings": schema.SingleNestedAttribute{
				Optional: true,
				Attributes: map[string]schema.Attribute{
					"tier":     schema.StringAttribute{Optional: true},
					"replicas": schema.Int64Attribute{Optional: true},
					"rules": schema.ListNestedAttribute{
						Optional: true,
						NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
							"port":  schema.Int64Attribute{Required: true},
							"allow": schema.BoolAttribute{Optional: true},
							"note":  schema.StringAttribute{Optional: true},
						}},
					},
				},
			},
			"id":       schema.StringAttribute{Computed: true, PlanModifiers: keeps},
			"endpoint": schema.StringAttribute{Computed: true, PlanModifiers: keeps, Description: "URL; its /health says how the item is."},
			"revision": schema.Int64Attribute{Computed: true, Description: "Raised by the server at each update."},
			"token":    schema.StringAttribute{Computed: true, Sensitive: true, PlanModifiers: keeps},
		},
	}
}
