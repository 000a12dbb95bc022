// The provider of the lab cloud: what tests, demo and benchmarks manage with a real tofu. See tools/README.md.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
)

const version = "0.1.0"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "version" {
		fmt.Println("terraform-provider-lab " + version)
		return
	}
	options := providerserver.ServeOpts{Address: "registry.opentofu.org/interlock/lab"}
	if err := providerserver.Serve(context.Background(), newProvider, options); err != nil {
		log.Fatal(err)
	}
}
